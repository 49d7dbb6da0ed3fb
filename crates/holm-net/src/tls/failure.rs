//! What went wrong with TLS, and on whose side.

use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError};

/// TLS failed. Nothing of the handshake or the stream above was lost unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// This node refused the peer's certificate, and told it so.
    #[error("the peer's certificate {0}")]
    Certificate(CertificateFault),
    /// The peer refused this node's certificate.
    #[error("the peer says that this node's certificate {0}")]
    OwnCertificate(CertificateFault),
    /// The other side speaks another version of TLS, or TLS for another protocol.
    #[error("the peer's TLS is not that of a Holm node: {0}")]
    Incompatible(String),
    /// What the peer sent does not verify: it was altered, or the peer is at fault.
    #[error("TLS: {0}")]
    Broken(String),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// There is none.
    Missing,
    /// No accepted authority signed it; or, where it should be, it is not signed by itself.
    UnknownAuthority,
    /// Its time is over, or has not come.
    Expired,
    /// It was revoked.
    Revoked,
    /// It is for another host.
    OtherName,
    /// Something else: it is damaged, or for another purpose.
    Unacceptable,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::UnknownAuthority => "is not signed by an accepted authority",
            Self::Expired => "is not valid at this time",
            Self::Revoked => "was revoked",
            Self::OtherName => "is for another host",
            Self::Unacceptable => "is not acceptable",
        })
    }
}

impl CertificateFault {
    fn of(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownAuthority,
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. } => Self::Expired,
            E::Revoked => Self::Revoked,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::OtherName,
            _ => Self::Unacceptable,
        }
    }

    fn of_alert(alert: AlertDescription) -> Option<Self> {
        use AlertDescription as A;
        Some(match alert {
            A::CertificateRequired => Self::Missing,
            A::UnknownCA => Self::UnknownAuthority,
            A::CertificateExpired => Self::Expired,
            A::CertificateRevoked => Self::Revoked,
            A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateUnknown
            | A::AccessDenied
            | A::DecryptError => Self::Unacceptable,
            _ => return None,
        })
    }
}

impl From<rustls::Error> for TlsFailure {
    fn from(error: rustls::Error) -> Self {
        use rustls::Error as E;
        match &error {
            E::InvalidCertificate(error) => Self::Certificate(CertificateFault::of(error)),
            E::NoCertificatesPresented => Self::Certificate(CertificateFault::Missing),
            E::AlertReceived(alert) => match CertificateFault::of_alert(*alert) {
                Some(fault) => Self::OwnCertificate(fault),
                None => Self::Incompatible(error.to_string()),
            },
            E::PeerIncompatible(_) | E::NoApplicationProtocol => {
                Self::Incompatible(error.to_string())
            }
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl TlsFailure {
    /// The failure within an error of an encrypted stream.
    pub fn from_io(error: &io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(error.clone().into())
    }
}
