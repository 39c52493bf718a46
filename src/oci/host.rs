/// The host of `HOST` or `HOST:PORT`. The brackets of an IPv6 address belong to the host.
pub fn host_without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // An IPv6 address without brackets has colons but no port.
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (host.ends_with(']') || !host.contains(':')) =>
        {
            host
        }
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_its_port() {
        for (authority, host) in [
            ("localhost:8080", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("tare.example.com", "tare.example.com"),
            ("tare.example.com:", "tare.example.com"),
            ("tare.example.com:http", "tare.example.com:http"),
        ] {
            assert_eq!(host_without_port(authority), host);
        }
    }
}
