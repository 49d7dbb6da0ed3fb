//! Local names: unique on a node, released when their holder ends.

use std::fmt;
use std::sync::Arc;

use holm_wire::Pid;

use crate::{Actor, ActorSystem, Ref};

/// Longest name in bytes: names travel in signals and are kept by every node that uses them.
pub const NAME_BYTES_MAX: usize = 255;

/// Why a name was not registered or found.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Another actor holds it.
    #[error("the name `{name}` is held by {holder}")]
    Taken {
        /// The name.
        name: String,
        /// Who holds it.
        holder: Pid,
    },
    /// It is empty or longer than [`NAME_BYTES_MAX`].
    #[error("a name has 1 to {NAME_BYTES_MAX} bytes, this one has {0}")]
    Length(usize),
    /// The actor to be named has ended, or lives on another node.
    #[error("only a living actor of this node can be named here")]
    Noproc,
    /// Nobody holds it.
    #[error("no actor holds the name `{0}`")]
    Unknown(String),
    /// Its holder is an actor of another type.
    #[error("`{name}` is held by a {found}, not a {wanted}")]
    WrongType {
        /// The name.
        name: String,
        /// The type asked for.
        wanted: &'static str,
        /// The holder's type.
        found: &'static str,
    },
}

/// The local names of one system.
pub struct Names<'a> {
    pub(crate) system: &'a ActorSystem,
}

impl Names<'_> {
    /// Gives `name` to an actor of this node.
    ///
    /// # Errors
    /// [`NameError`]; the registry is unchanged.
    pub fn register<A: Actor>(&self, name: &str, actor: &Ref<A>) -> Result<(), NameError> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(NameError::Length(name.len()));
        }
        let cell = self.system.find(actor.pid()).ok_or(NameError::Noproc)?;
        let mut names = self.system.names_lock();
        if let Some(holder) = names.get(name) {
            return Err(NameError::Taken { name: name.to_owned(), holder: holder.pid() });
        }
        let shared: Arc<str> = Arc::from(name);
        if !cell.add_name(Arc::clone(&shared)) {
            return Err(NameError::Noproc);
        }
        names.insert(shared, cell);
        Ok(())
    }

    /// Takes `name` from its holder. `false` if nobody held it.
    pub fn unregister(&self, name: &str) -> bool {
        // Both under the lock, or a registration in between would lose its entry in the ledger.
        let mut names = self.system.names_lock();
        names.remove(name).inspect(|cell| cell.remove_name(name)).is_some()
    }

    /// Who holds `name`.
    pub fn whereis(&self, name: &str) -> Option<Pid> {
        self.system.names_lock().get(name).map(|cell| cell.pid())
    }

    /// A typed reference to the holder of `name`.
    ///
    /// # Errors
    /// [`NameError::Unknown`], [`NameError::WrongType`].
    pub fn resolve<A: Actor>(&self, name: &str) -> Result<Ref<A>, NameError> {
        let cell =
            self.system.find_named(name).ok_or_else(|| NameError::Unknown(name.to_owned()))?;
        let found = cell.type_name();
        Ref::from_cell(cell).ok_or_else(|| NameError::WrongType {
            name: name.to_owned(),
            wanted: A::WIRE.map_or_else(std::any::type_name::<A>, |table| table.type_name),
            found,
        })
    }
}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.system.names_lock().keys()).finish()
    }
}
