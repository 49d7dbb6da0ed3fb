//! A folder with keys, certificates and secrets of several nodes, in which the programs run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use holm_net::identity::fingerprint_of_der;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PublicKeyData, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

use super::{Node, Program};
use crate::support::{holm, run};

/// The serial number of the certificate in `doomed`.
const DOOMED: u64 = 7;

/// The folder.
///
/// Of the authority in `ca`: the certificates `node`, `ping`, `expired`, `doomed`; of another one:
/// `wrong`. Self-signed: `own-node`, `own-ping`, `own-other`, `own-expired`. Noise keys: `n-node`,
/// `n-ping`, `n-other`. Secrets: `cookie`, `cookie-2`, `token`, `token-2`. Lists of revoked certificates:
/// `none.pem`, and `doomed.pem` with that one. What is called `$NAME` in arguments and files stands for
/// the fingerprint of NAME, `$me` for this user and `$nobody` for another.
pub(crate) struct Keyring {
    dir: TempDir,
    names: BTreeMap<String, String>,
}

impl Keyring {
    pub(crate) fn new() -> Self {
        let mut ring = Self { dir: TempDir::new().unwrap(), names: BTreeMap::new() };
        ring.holm("keys ca ca");
        ring.holm("keys ca other");
        for (name, args) in [
            ("node", "--name node@127.0.0.1 --ca ca"),
            ("ping", "--name ping@127.0.0.1 --ca ca"),
            ("wrong", "--name ping@127.0.0.1 --ca other"),
            ("own-node", "--name node@127.0.0.1"),
            ("own-ping", "--name ping@127.0.0.1"),
            ("own-other", "--name ping@127.0.0.1"),
        ] {
            ring.holm(&format!("keys cert {args} --out {name}"));
            ring.name(name, &format!("{name}/cert.pem"));
        }
        for name in ["n-node", "n-ping", "n-other"] {
            ring.holm(&format!("keys generate {name}"));
            ring.name(name, name);
        }
        let issuer = ring.issuer();
        ring.issue("expired", Some(&issuer), expire);
        ring.issue("own-expired", None, expire);
        ring.issue("doomed", Some(&issuer), |params| {
            params.serial_number = Some(SerialNumber::from(DOOMED));
        });
        ring.revoke("none.pem", &issuer, DOOMED + 1);
        ring.revoke("doomed.pem", &issuer, DOOMED);
        for name in ["cookie", "cookie-2", "token", "token-2"] {
            ring.write(name, &secret(name));
        }
        let me = rustix::process::geteuid().as_raw();
        ring.names.insert("me".to_owned(), format!("uid:{me}"));
        ring.names.insert("nobody".to_owned(), format!("uid:{}", me ^ 1));
        ring
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What `$NAME` stands for.
    pub(crate) fn fingerprint(&self, name: &str) -> &str {
        &self.names[name]
    }

    /// `text` with what each `$NAME` stands for.
    pub(crate) fn fill(&self, text: &str) -> String {
        // The longer of two names first, of which one begins with the other.
        let names = self.names.iter().rev();
        names.fold(text.to_owned(), |text, (name, it)| text.replace(&format!("${name}"), it))
    }

    /// Writes a file of mode 0600.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, self.fill(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Gives a file the content of another.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with these arguments, in the folder.
    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = holm();
        command.current_dir(self.dir.path()).env_remove("HOLM_TOKEN").env_remove("HOLM_COOKIE");
        command.args(self.fill(args).split_whitespace());
        command
    }

    /// A node that listens.
    #[track_caller]
    pub(crate) fn node(&self, listen: &str, args: &str) -> Node {
        Node::start(&mut self.node_command(listen, args))
    }

    pub(crate) fn node_command(&self, listen: &str, args: &str) -> Command {
        self.command(&format!("node start node@127.0.0.1 --listen {listen} {args}"))
    }

    /// A ping, which asks once unless told otherwise.
    pub(crate) fn ping(&self, to: &str, args: &str) -> Program {
        Program::start(&mut self.ping_command(to, args))
    }

    pub(crate) fn ping_command(&self, to: &str, args: &str) -> Command {
        let mut command = self.command(&format!("node ping {to} {args}"));
        for (option, usual) in [("--name", "ping@127.0.0.1"), ("--count", "1")] {
            if !args.contains(option) {
                command.args([option, usual]);
            }
        }
        command
    }

    /// A ping that was answered, and stays until its session ends.
    #[track_caller]
    pub(crate) fn stay(&self, to: &str, args: &str) -> Program {
        let mut ping = self.ping(to, &format!("{args} --count 2 --interval 600000"));
        ping.out.line("bytes from node@127.0.0.1");
        ping
    }

    fn holm(&self, args: &str) -> String {
        String::from_utf8(run(&mut self.command(args), 0).stdout).unwrap()
    }

    fn name(&mut self, name: &str, file: &str) {
        let fingerprint = self.holm(&format!("keys fingerprint {file}"));
        self.names.insert(name.to_owned(), fingerprint.trim().to_owned());
    }

    /// The authority that `holm keys ca` made.
    fn issuer(&self) -> Issuer<'static, KeyPair> {
        let key = KeyPair::from_pem(&self.read("ca/ca.key")).unwrap();
        let mut params = CertificateParams::default();
        let id = fingerprint_of_der(&key.subject_public_key_info()).to_string();
        params.distinguished_name.push(DnType::CommonName, format!("Holm CA {}", &id[..16]));
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        Issuer::new(params, key)
    }

    /// A certificate that `holm keys` would not make.
    fn issue(
        &mut self,
        name: &str,
        issuer: Option<&Issuer<'_, KeyPair>>,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = match issuer {
            Some(issuer) => params.signed_by(&key, issuer).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        fs::create_dir(self.path(name)).unwrap();
        self.write(&format!("{name}/cert.pem"), &cert.pem());
        self.write(&format!("{name}/key.pem"), &key.serialize_pem());
        self.name(name, &format!("{name}/cert.pem"));
    }

    fn revoke(&self, name: &str, issuer: &Issuer<'_, KeyPair>, serial: u64) {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2999, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2024, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        self.write(name, &list.signed_by(issuer).unwrap().pem().unwrap());
    }
}

fn expire(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}

/// What is in the file of this secret.
pub(crate) fn secret(name: &str) -> String {
    format!("the-secret-{name}-of-many-bytes")
}
