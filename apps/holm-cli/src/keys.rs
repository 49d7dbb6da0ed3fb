//! `holm keys`: authorities, certificates and Noise keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holm::NodeName;
use holm::access::Fingerprint;
use holm::env::Env;
use holm_net::identity::fingerprint_of_der;
use holm_net::secret_file::{self, read_secret};
use holm_net::security::SecurityError;
use holm_net::{NoiseKey, read_certificate};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, date_time_ymd,
};
use zeroize::Zeroizing;

use crate::exit::Exit;

/// How long an authority is good for: replacing one means touching every node.
const CA_DAYS: u64 = 3_650;

/// How much earlier a certificate begins to be valid, for clocks that are behind.
const CLOCK_SKEW: Duration = Duration::from_secs(3_600);

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Keys {
    /// Makes an authority: DIR/ca.pem, and DIR/ca.key, which only `keys cert` needs.
    Ca {
        /// Where; created if it is not there.
        dir: PathBuf,
    },
    /// Makes the certificate and key of a node: DIR/cert.pem and DIR/key.pem.
    Cert {
        /// The authority's folder; without it the certificate is self-signed.
        #[arg(long, value_name = "DIR")]
        ca: Option<PathBuf>,
        /// The node's name. The certificate is good for no other, and for its host.
        #[arg(long, value_name = "NAME@AUTHORITY")]
        name: NodeName,
        /// Another host that it is dialled at.
        #[arg(long, value_name = "HOST")]
        host: Vec<String>,
        /// A SPIFFE id.
        #[arg(long, value_name = "spiffe://DOMAIN/PATH")]
        spiffe: Option<String>,
        /// How long it is valid.
        #[arg(long, default_value_t = 365)]
        days: u64,
        /// Where; created if it is not there.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Makes a Noise key and prints its public key.
    Generate {
        /// The file to create.
        file: PathBuf,
    },
    /// Prints what lists of identities name a certificate or a Noise key by.
    Fingerprint {
        /// A certificate in PEM, or the file of a Noise key.
        file: PathBuf,
        /// Of a certificate: its public key's instead, which stays when it is renewed.
        #[arg(long)]
        spki: bool,
    },
}

pub(crate) fn run(keys: Keys) -> Exit {
    let done = match keys {
        Keys::Ca { dir } => make_ca(&dir),
        Keys::Cert { ca, name, host, spiffe, days, out } => {
            make_cert(ca.as_deref(), &name, &host, spiffe, days, &out)
        }
        Keys::Generate { file } => {
            NoiseKey::create(&file).map(|key| println!("{}", key.public())).map_err(Into::into)
        }
        Keys::Fingerprint { file, spki } => fingerprint(&file, spki).map(|key| println!("{key}")),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::failed(&format!("{error:#}")),
    }
}

fn make_ca(dir: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut params = ca_params(&key);
    valid_for(&mut params, CA_DAYS)?;
    let cert = params.self_signed(&key)?;
    create_dir(dir)?;
    write_key(&dir.join("ca.key"), &key)?;
    write_public(&dir.join("ca.pem"), &cert.pem())
}

/// Follows from the key alone, so that certificates can be issued without reading the
/// authority's.
fn ca_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id = fingerprint_of_der(&key.subject_public_key_info()).to_string();
    params.distinguished_name.push(DnType::CommonName, format!("Holm CA {}", &id[..16]));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn make_cert(
    ca: Option<&Path>,
    name: &NodeName,
    hosts: &[String],
    spiffe: Option<String>,
    days: u64,
    out: &Path,
) -> Result<()> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name.as_str());
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let authority = name.as_str().split_once('@').map_or("", |(_, authority)| authority);
    for host in [host_of(authority)].into_iter().chain(hosts.iter().map(String::as_str)) {
        params.subject_alt_names.push(match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(
                host.try_into().with_context(|| format!("`{host}` cannot be in a certificate"))?,
            ),
        });
    }
    for uri in [Some(format!("holm:{name}")), spiffe].into_iter().flatten() {
        let written = uri.as_str().try_into();
        params.subject_alt_names.push(SanType::URI(
            written.with_context(|| format!("`{uri}` cannot be in a certificate"))?,
        ));
    }
    valid_for(&mut params, days)?;
    let key = KeyPair::generate()?;
    let cert = match ca {
        Some(dir) => params.signed_by(&key, &issuer(dir)?)?,
        None => params.self_signed(&key)?,
    };
    create_dir(out)?;
    write_key(&out.join("key.pem"), &key)?;
    write_public(&out.join("cert.pem"), &cert.pem())
}

/// The host of an authority, with or without a port.
fn host_of(authority: &str) -> &str {
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

fn issuer(dir: &Path) -> Result<Issuer<'static, KeyPair>> {
    let path = dir.join("ca.key");
    let pem = read_secret(&path)?;
    let pem = std::str::from_utf8(pem.expose()).ok();
    let key = pem.and_then(|pem| KeyPair::from_pem(pem).ok());
    let key = key.with_context(|| format!("{} holds no private key in PEM", path.display()))?;
    let id = fingerprint_of_der(&key.subject_public_key_info());
    ensure!(
        read_certificate(&dir.join("ca.pem"))?.spki == Some(id),
        "{}/ca.pem is not of {}",
        dir.display(),
        path.display()
    );
    let params = ca_params(&key);
    Ok(Issuer::new(params, key))
}

fn fingerprint(file: &Path, spki: bool) -> Result<Fingerprint> {
    let key = match read_certificate(file) {
        Ok(of) => {
            if spki {
                of.spki
            } else {
                of.key
            }
        }
        Err(SecurityError::NoCertificate { .. }) if !spki => Some(NoiseKey::load(file)?.public()),
        Err(error) => return Err(error.into()),
    };
    key.context("a certificate has a key")
}

fn valid_for(params: &mut CertificateParams, days: u64) -> Result<()> {
    let now = date_time_ymd(1970, 1, 1) + Duration::from_millis(Env::tokio()?.wall_clock().0);
    let life = u32::try_from(days).ok().and_then(|days| DAY.checked_mul(days));
    params.not_before = now - CLOCK_SKEW;
    params.not_after = life
        .and_then(|life| now.checked_add(life.try_into().ok()?))
        .context("a certificate cannot be valid for so long")?;
    Ok(())
}

fn create_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())
}

/// Writes a private key to a new file of mode 0600.
fn write_key(path: &Path, key: &KeyPair) -> Result<()> {
    Ok(secret_file::create(path, Zeroizing::new(key.serialize_pem()).as_bytes())?)
}

fn write_public(path: &Path, pem: &str) -> Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(pem.as_bytes()));
    written.with_context(|| path.display().to_string())
}
