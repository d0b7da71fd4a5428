//! A body as it came over the wire, made text: what it is decides, not what its head says of it.
//!
//! Only gzip is asked for. A proxy may still pack a body otherwise, or unpack one and leave the head as it was.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::error::FetchError;

/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The codings that the head names, in lower case; none where the body is said to be as it is.
pub(crate) fn coding(headers: &HeaderMap) -> Option<String> {
    let named: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).to_lowercase();
            // Whatever stands there is quoted in an error: a word, and a short one.
            text.chars()
                .filter(|c| c.is_ascii_graphic())
                .take(40)
                .collect()
        })
        .filter(|coding: &String| !coding.is_empty() && coding != "identity")
        .collect();
    (!named.is_empty()).then(|| named.join(","))
}

/// The plain bytes, no more than `most` of them.
pub(crate) fn plain(
    bytes: Vec<u8>,
    coding: Option<&str>,
    most: u64,
) -> Result<Vec<u8>, FetchError> {
    if bytes.starts_with(&GZIP) {
        return unzip(&bytes, most);
    }
    // JSON and HTML are text from their first byte on, which nothing that is packed is.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let text = matches!(first, None | Some(b'{' | b'[' | b'<'));
    match coding {
        Some("gzip" | "x-gzip") if !text => unzip(&bytes, most),
        Some(other) if !text => Err(FetchError::transient(format!(
            "the answer came packed as `{other}`, which was not asked for"
        ))),
        _ => Ok(bytes),
    }
}

/// Unpacks gzip, no further than `most` bytes.
fn unzip(bytes: &[u8], most: u64) -> Result<Vec<u8>, FetchError> {
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(16 << 20));
    GzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut plain)
        .map_err(|why| {
            FetchError::transient(format!("the compressed answer is damaged ({why})"))
        })?;
    if plain.len() as u64 > most {
        return Err(too_large(most));
    }
    Ok(plain)
}

pub(crate) fn too_large(most: u64) -> FetchError {
    FetchError::Permanent(format!(
        "the answer is larger than [feed] max_body_bytes ({most})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use std::io::Write;

    const BODY: &[u8] = br#"{"code":0,"results":[]}"#;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_zip_bomb_is_not_unpacked() {
        let bomb = gzip(&vec![b' '; 4 << 20]);
        assert!(bomb.len() < 10_000);
        let half = bomb[..bomb.len() / 2].to_vec();
        assert!(
            matches!(plain(bomb, None, 1 << 20), Err(FetchError::Permanent(why)) if why.contains("max_body_bytes"))
        );
        assert!(matches!(
            plain(half, None, 8 << 20),
            Err(FetchError::Transient { .. })
        ));
    }

    #[test]
    fn what_the_body_is_counts_and_not_what_its_head_says() {
        let packed = gzip(BODY);
        for coding in [
            None,
            Some("gzip"),
            Some("br"),
            Some("deflate"),
            Some("zstd"),
        ] {
            for bytes in [packed.clone(), BODY.to_vec()] {
                assert_eq!(plain(bytes, coding, 1000).unwrap(), BODY, "{coding:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_named() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(BODY).unwrap();
        let zlib = zlib.finish().unwrap();
        let said = |coding| {
            plain(zlib.clone(), Some(coding), 1000)
                .unwrap_err()
                .to_string()
        };
        assert!(
            said("deflate").contains("packed as `deflate`"),
            "{}",
            said("deflate")
        );
        assert!(said("br").contains("packed as `br`"));
        assert!(said("gzip").contains("damaged"), "{}", said("gzip"));
        let mut headers = HeaderMap::new();
        assert_eq!(coding(&headers), None);
        headers.append(CONTENT_ENCODING, "identity".parse().unwrap());
        assert_eq!(coding(&headers), None);
        headers.append(CONTENT_ENCODING, "GZIP".parse().unwrap());
        assert_eq!(coding(&headers).as_deref(), Some("gzip"));
        headers.append(CONTENT_ENCODING, "x".repeat(999).parse().unwrap());
        assert_eq!(coding(&headers).unwrap().len(), 45);
    }
}
