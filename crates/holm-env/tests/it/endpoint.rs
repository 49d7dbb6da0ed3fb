//! How endpoints are written and read.

use holm_env::{Endpoint, ParseEndpointError};

#[test]
fn texts_and_endpoints_convert_both_ways() {
    let tcp = |host: &str, port| Endpoint::Tcp { host: host.to_owned(), port };
    for (text, endpoint) in [
        ("tcp:127.0.0.1:4000", tcp("127.0.0.1", 4000)),
        ("tcp:host.example:0", tcp("host.example", 0)),
        ("tcp:[::1]:65535", tcp("::1", 65535)),
        ("tcp:[fe80::1%eth0]:80", tcp("fe80::1%eth0", 80)),
        ("tls:[::1]:1", Endpoint::Tls { host: "::1".to_owned(), port: 1 }),
        ("noise:h:1", Endpoint::Noise { host: "h".to_owned(), port: 1 }),
        ("unix:/run/holm/a.sock", Endpoint::Unix("/run/holm/a.sock".into())),
        ("unix:a:b", Endpoint::Unix("a:b".into())),
        ("pipe:holm/a b", Endpoint::Pipe("holm/a b".to_owned())),
        ("mem:a node", Endpoint::Memory("a node".to_owned())),
    ] {
        assert_eq!(text.parse(), Ok(endpoint.clone()));
        assert_eq!(endpoint.to_string(), text);
    }
}

#[test]
fn secured_endpoints_are_tcp_beneath() {
    for scheme in ["tls", "noise"] {
        let at: Endpoint = format!("{scheme}:localhost:0").parse().unwrap();
        assert_eq!(at.stream().to_string(), "tcp:localhost:0");
        let found = "tcp:127.0.0.1:4000".parse().unwrap();
        assert_eq!(at.over(found).to_string(), format!("{scheme}:127.0.0.1:4000"));
    }
    let unix: Endpoint = "unix:/run/a".parse().unwrap();
    assert_eq!((unix.stream(), unix.over(unix.clone())), (unix.clone(), unix.clone()));
}

#[test]
fn bad_texts_are_told_by_their_fault() {
    type Fault = fn(String) -> ParseEndpointError;
    let long = format!("pipe:{}", "p".repeat(248));
    assert!(long[..long.len() - 1].parse::<Endpoint>().is_ok());
    let cases: [(Fault, &[&str]); 6] = [
        (ParseEndpointError::Scheme, &["", "a", "127.0.0.1:80", "udp:a:1", "TCP:a:1", "ssl:a:1"]),
        (
            ParseEndpointError::Port,
            &["tcp:", "tcp:a", "tcp:a:", "tcp:a:65536", "tcp:a:+1", "tcp:[::1]"],
        ),
        (
            ParseEndpointError::Host,
            &[
                "tcp::80",
                "tcp:::1:80",
                "tcp:[]:80",
                "tcp:[a]:80",
                "tcp:[::1:80",
                "tcp:[::1%]:80",
                "tcp:a b:80",
                "tcp:a/b:80",
                "tcp:x@y:80",
            ],
        ),
        (ParseEndpointError::Path, &["unix:", "unix:a\0b"]),
        (ParseEndpointError::Pipe, &["pipe:", r"pipe:\\host\pipe\a", "pipe:a\0b", &long]),
        (ParseEndpointError::Name, &["mem:"]),
    ];
    for (fault, texts) in cases {
        for text in texts {
            assert_eq!(text.parse::<Endpoint>(), Err(fault((*text).to_owned())));
        }
    }
}
