//! Rule: no crate that deny.toml bans, except below the crates it names.

use super::finding::Finding;
use super::repo::Repo;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for ban in &repo.policy.bans.deny {
        for user in repo.graph.dependents(&ban.name) {
            if ban.wrappers.contains(&user.name) {
                continue;
            }
            let text = format!("{} depends on the banned {}: {}", user.name, ban.name, ban.reason);
            found.push(Finding::error("Cargo.lock", repo.lock_line(user), text));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::policy::Ban;
    use crate::verify::repo::testing;

    #[test]
    fn a_banned_crate_is_allowed_below_its_wrappers_only() {
        let mut repo = testing::packages(&[
            ("member:app", "MIT", &["old", "wrapper"]),
            ("wrapper", "MIT", &["old"]),
            ("old", "MIT", &[]),
        ]);
        repo.policy.bans.deny.push(Ban {
            name: "old".to_owned(),
            reason: "use new".to_owned(),
            wrappers: vec!["wrapper".to_owned()],
        });
        let found: Vec<String> = check(&repo).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["Cargo.lock:1: app depends on the banned old: use new"]);
    }
}
