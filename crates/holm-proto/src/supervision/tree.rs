//! A supervision tree as text.

use std::fmt;

use super::{ChildId, ChildState, ChildView, Restart, Strategy};

/// A supervisor or worker with what is below it. Printed, it shows the whole tree, a line
/// for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// Its name.
    pub id: ChildId,
    /// Its strategy, if it is a supervisor.
    pub strategy: Option<Strategy>,
    /// Its restart kind, unless it has no supervisor.
    pub restart: Option<Restart>,
    /// Where it stands.
    pub state: ChildState,
    /// Its starts after the first.
    pub restarts: u64,
    /// What is below, in start order.
    pub children: Vec<Self>,
}

impl TreeNode {
    /// The top of a tree.
    pub fn root(id: impl Into<ChildId>, strategy: Strategy, children: Vec<Self>) -> Self {
        Self {
            id: id.into(),
            strategy: Some(strategy),
            restart: None,
            state: ChildState::Running,
            restarts: 0,
            children,
        }
    }

    fn write_below(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let last = self.children.len().saturating_sub(1);
        for (at, child) in self.children.iter().enumerate() {
            let (branch, below) =
                if at == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            write!(f, "\n{indent}{branch}")?;
            child.write_line(f)?;
            child.write_below(f, &format!("{indent}{below}"))?;
        }
        Ok(())
    }

    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.id)?;
        if let Some(strategy) = self.strategy {
            write!(f, "{strategy}, ")?;
        }
        if let Some(restart) = self.restart {
            write!(f, "{restart}, ")?;
        }
        write!(f, "{}", self.state)?;
        match self.restarts {
            0 => Ok(()),
            1 => f.write_str(", 1 restart"),
            restarts => write!(f, ", {restarts} restarts"),
        }
    }
}

/// A child that is no supervisor; whoever knows better adds strategy and children.
impl From<ChildView<'_>> for TreeNode {
    fn from(view: ChildView<'_>) -> Self {
        Self {
            id: view.spec.id.clone(),
            strategy: None,
            restart: Some(view.spec.restart),
            state: view.state,
            restarts: view.restarts,
            children: Vec::new(),
        }
    }
}

impl fmt::Display for TreeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(f)?;
        self.write_below(f, "")
    }
}
