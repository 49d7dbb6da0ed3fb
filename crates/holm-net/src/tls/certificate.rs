//! What a certificate says of its holder.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::identity::{Method, PeerIdentity, fingerprint_of_der};

/// The scheme of a URI that names a node.
const NODE_SCHEME: &str = "holm:";
const SPIFFE_SCHEME: &str = "spiffe:";

/// The identity of who holds `leaf`, a certificate that was verified.
pub(crate) fn identity(
    leaf: &CertificateDer<'_>,
    method: Method,
) -> Result<PeerIdentity, rustls::Error> {
    let mut identity = PeerIdentity::new(method);
    if method == Method::Nothing {
        // Anyone can make such a certificate, and nobody will know it again.
        return Ok(identity);
    }
    let cert = EndEntityCert::try_from(leaf)
        .map_err(|_| rustls::Error::from(rustls::CertificateError::BadEncoding))?;
    identity.key = Some(fingerprint_of_der(leaf));
    identity.spki = Some(fingerprint_of_der(&cert.subject_public_key_info()));
    identity.names = cert.valid_dns_names().map(str::to_owned).collect();
    let uris = || cert.valid_uri_names();
    identity.nodes =
        uris().filter_map(|uri| uri.strip_prefix(NODE_SCHEME)).map(str::to_owned).collect();
    // An SVID has exactly one; several would leave open who this is.
    let mut spiffe = uris().filter(|uri| uri.starts_with(SPIFFE_SCHEME));
    identity.spiffe = match (spiffe.next(), spiffe.next()) {
        (Some(id), None) => Some(id.to_owned()),
        _ => None,
    };
    Ok(identity)
}
