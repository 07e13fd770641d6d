//! How web servers are talked to.
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

/// A server that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// A client for this address; an error where it needs encryption that this machine cannot do.
pub(crate) fn agent(url: &str) -> Result<Agent, String> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE));
    // A redirect may lead to https too, so it is set up where it can be.
    match tls() {
        Ok(tls) => Ok(config.tls_config(tls).build().into()),
        Err(_) if url.starts_with("http:") => Ok(config.build().into()),
        Err(problem) => Err(problem),
    }
}

/// Encryption in Rust alone, so that Ferras builds without a C compiler.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn tls() -> Result<TlsConfig, String> {
    #[cfg(target_arch = "x86_64")]
    let able = is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    #[cfg(target_arch = "aarch64")]
    let able = std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("sha2")
        && std::arch::is_aarch64_feature_detected!("pmull");
    if !able {
        return Err(no_tls());
    }
    let provider = std::sync::Arc::new(rustls_graviola::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    Ok(match roots()? {
        Some(roots) => tls.root_certs(roots).build(),
        None => tls.build(),
    })
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn tls() -> Result<TlsConfig, String> {
    let _ = roots;
    Err(no_tls())
}

fn no_tls() -> String {
    "this processor lacks what Ferras needs for https".to_string()
}

/// Certificates of the file that `SSL_CERT_FILE` names, in place of Mozilla's that are built in:
/// behind a company's proxy they are needed.
fn roots() -> Result<Option<RootCerts>, String> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|p| !p.is_empty()) else {
        return Ok(None);
    };
    let named = |e: String| format!("SSL_CERT_FILE {}: {e}", path.to_string_lossy());
    let pem = std::fs::read(&path).map_err(|e| named(e.to_string()))?;
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        if let PemItem::Certificate(c) = item.map_err(|e| named(e.to_string()))? {
            certificates.push(c);
        }
    }
    match certificates.is_empty() {
        true => Err(named("holds no certificate".to_string())),
        false => Ok(Some(RootCerts::new_with_certs(&certificates))),
    }
}
