//! Ids of accounts, auth configs, jobs, connect flows and requests: a prefix and twelve random letters or digits.

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 12;

pub(crate) const ACCOUNT_PREFIX: &str = "ca_";
pub(crate) const AUTH_CONFIG_PREFIX: &str = "ac_";
pub(crate) const REVOKE_JOB_PREFIX: &str = "pj_";
pub(crate) const CONNECT_FLOW_PREFIX: &str = "cf_";
pub(crate) const REQUEST_PREFIX: &str = "req_";

/// A new id. Fails only where the operating system has no randomness to give.
pub(crate) fn generate(prefix: &str) -> Result<String, getrandom::Error> {
    let mut id = String::from(prefix);
    while id.len() < prefix.len() + LENGTH {
        let mut bytes = [0_u8; LENGTH * 2];
        getrandom::fill(&mut bytes)?;
        // Of the 64 values of six bits two have no letter: they are thrown away, because folding
        // them back would make two letters likelier than the others.
        let letters = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte & 0x3f)))
            .take(prefix.len() + LENGTH - id.len());
        id.extend(letters.map(|letter| char::from(*letter)));
    }
    Ok(id)
}

/// Whether `candidate` has the form of an id with that prefix. What has not can be refused
/// without asking the database.
pub(crate) fn is_well_formed(prefix: &str, candidate: &str) -> bool {
    candidate.strip_prefix(prefix).is_some_and(|random_part| {
        (1..=64).contains(&random_part.len())
            && random_part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNT_PREFIX, generate, is_well_formed};

    #[test]
    fn generated_ids_are_well_formed_and_differ() {
        let first = generate(ACCOUNT_PREFIX).unwrap();
        let second = generate(ACCOUNT_PREFIX).unwrap();
        assert_eq!(first.len(), 15);
        assert!(is_well_formed(ACCOUNT_PREFIX, &first));
        assert_ne!(first, second);
    }

    #[test]
    fn malformed_ids_are_told_apart() {
        for malformed in ["", "ca_", "ac_abc", "ca_a/b", "ca_ä", "ca_a b", "ca_\0"] {
            assert!(!is_well_formed(ACCOUNT_PREFIX, malformed), "{malformed:?}");
        }
    }
}
