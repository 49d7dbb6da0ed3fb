//! The Debian packages that some tests read or start, installed where that is allowed.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::command::{is_ci, output, run, succeeds};

struct Package {
    name: &'static str,
    used_by: &'static [&'static str],
    /// The end of the path of a file that has to be there: an installed package can still leave a
    /// dangling link.
    file: &'static str,
}

const PACKAGES: [Package; 2] = [
    Package {
        name: "openjdk-17-source",
        used_by: &["holm-cli", "holm-index", "holm-index-router", "holm-oracle"],
        file: "/src.zip",
    },
    Package { name: "universal-ctags", used_by: &["holm-oracle"], file: "/ctags-universal" },
];

/// Installs what is missing for the tests of `package` (or of all). Where that cannot be done, says
/// SKIP with the reason, and under CI fails.
pub(crate) fn install(package: Option<&str>) -> anyhow::Result<()> {
    let missing: Vec<&Package> = PACKAGES
        .iter()
        .filter(|needed| package.is_none_or(|name| needed.used_by.contains(&name)))
        .filter(|needed| !is_present(needed))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Err(reason) = apt_install(&missing) else {
        return Ok(());
    };
    for needed in &missing {
        let name = needed.name;
        eprintln!("SKIP {name}: {reason:#}; its tests skip themselves");
    }
    if is_ci() {
        bail!("{reason:#}");
    }
    Ok(())
}

fn is_present(package: &Package) -> bool {
    let show = ["--show", "--showformat=${Status}", package.name];
    let status = output(Command::new("dpkg-query").args(show)).unwrap_or_default();
    let files = output(Command::new("dpkg").args(["-L", package.name])).unwrap_or_default();
    let is_there = |path: &str| path.ends_with(package.file) && Path::new(path).is_file();
    status == "install ok installed" && files.lines().any(is_there)
}

fn apt_install(missing: &[&Package]) -> anyhow::Result<()> {
    if output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("not installed, and only root can install it");
    }
    if !succeeds(Command::new("apt-get").arg("--version")) {
        bail!("not installed, and there is no apt-get here");
    }
    let apt = |args: &[&str]| {
        run(Command::new("apt-get")
            .args(["-q", "-y"])
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"], &names[..]].concat())?;
    match missing.iter().find(|package| !is_present(package)) {
        Some(package) => bail!("{} holds no file {}", package.name, package.file),
        None => Ok(()),
    }
}
