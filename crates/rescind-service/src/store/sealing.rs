//! Secrets at rest: AES-256-GCM, with a random nonce for each value. The row and the column are
//! part of what is authenticated, so that a sealed value is of no use in another place. Each
//! value names its key, so that keys can be changed one value at a time.
//!
//! A database remembers a value that only its key opens: whoever comes with another key is told
//! when the service starts, and not by each request that fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::{OptionalExtension as _, params};
use serde_json::{Map, Value};

use super::StoreError;
use crate::account::Held;
use crate::clock::Timestamp;
use crate::encryption_key::EncryptionKey;
use crate::secret::Secret;

/// The name that every sealed value gives its key, until there is a second one.
const KEY_NUMBER: u8 = 1;
/// What the fields of a token response are when there are none. Nothing that has to be sealed.
const NO_FIELDS: &str = "{}";

/// A place for one sealed value: a column, in the row with an id.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) column: &'static str,
    pub(super) row: &'a str,
}

const ACCESS_TOKEN: &str = "connected_accounts.access_token";
const REFRESH_TOKEN: &str = "connected_accounts.refresh_token";
const OTHER_FIELDS: &str = "connected_accounts.other_fields";
const CLIENT_SECRET: &str = "auth_configs.client_secret";

/// The place by which a database tells its key from another one.
const CHECK: Place<'_> = Place {
    column: "sealing.check_value",
    row: "",
};
const CHECKED: &str = "sealed under the right key";

/// What an account holds, as it stands in its row.
pub(super) struct SealedHeld {
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) access_token_expires_at: Option<i64>,
    pub(super) other_fields: String,
}

/// Seals and opens the secrets of one database.
pub(super) struct Sealer {
    key: LessSafeKey,
}

impl Sealer {
    pub(super) fn new(key: &EncryptionKey) -> Result<Self, StoreError> {
        let key = UnboundKey::new(&AES_256_GCM, key.bytes()).map_err(|_| StoreError::Sealing)?;
        Ok(Self {
            key: LessSafeKey::new(key),
        })
    }

    pub(super) fn seal(&self, place: Place<'_>, plain: &str) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let mut sealed = plain.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                // Random, 96 bits: NIST SP 800-38D section 8.3 allows 2^32 values under one key.
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(place)),
                &mut sealed,
            )
            .map_err(|_| StoreError::Sealing)?;
        let parts = [&[KEY_NUMBER], &nonce[..], &sealed].concat();
        Ok(STANDARD_NO_PAD.encode(parts))
    }

    /// What was sealed in this place. Whatever is wrong with it, nothing of it is shown.
    pub(super) fn open(&self, place: Place<'_>, sealed: &str) -> Result<String, StoreError> {
        let unreadable = || StoreError::Unreadable("sealed value");
        let parts = STANDARD_NO_PAD.decode(sealed).map_err(|_| unreadable())?;
        let (&key_number, rest) = parts.split_first().ok_or_else(unreadable)?;
        if key_number != KEY_NUMBER {
            return Err(unreadable());
        }
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or_else(unreadable)?;
        let mut plain = sealed.to_vec();
        let plain = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(associated(place)),
                &mut plain,
            )
            .map_err(|_| unreadable())?;
        String::from_utf8(plain.to_vec()).map_err(|_| unreadable())
    }

    pub(super) fn seal_held(&self, row: &str, held: &Held) -> Result<SealedHeld, StoreError> {
        Ok(SealedHeld {
            access_token: self.seal_secret(ACCESS_TOKEN, row, held.access_token.as_ref())?,
            refresh_token: self.seal_secret(REFRESH_TOKEN, row, held.refresh_token.as_ref())?,
            access_token_expires_at: held.access_token_expires_at.map(|moment| moment.0),
            other_fields: self.seal_fields(row, &held.other_fields)?,
        })
    }

    pub(super) fn open_held(&self, row: &str, sealed: &SealedHeld) -> Result<Held, StoreError> {
        Ok(Held {
            access_token: self.open_secret(ACCESS_TOKEN, row, sealed.access_token.as_deref())?,
            refresh_token: self.open_secret(REFRESH_TOKEN, row, sealed.refresh_token.as_deref())?,
            access_token_expires_at: sealed.access_token_expires_at.map(Timestamp),
            other_fields: self.open_fields(row, &sealed.other_fields)?,
        })
    }

    pub(super) fn seal_client_secret(
        &self,
        row: &str,
        secret: Option<&Secret>,
    ) -> Result<Option<String>, StoreError> {
        self.seal_secret(CLIENT_SECRET, row, secret)
    }

    pub(super) fn open_client_secret(
        &self,
        row: &str,
        sealed: Option<&str>,
    ) -> Result<Option<Secret>, StoreError> {
        self.open_secret(CLIENT_SECRET, row, sealed)
    }

    fn seal_secret(
        &self,
        column: &'static str,
        row: &str,
        secret: Option<&Secret>,
    ) -> Result<Option<String>, StoreError> {
        secret
            .map(|secret| self.seal(Place { column, row }, secret.expose()))
            .transpose()
    }

    fn open_secret(
        &self,
        column: &'static str,
        row: &str,
        sealed: Option<&str>,
    ) -> Result<Option<Secret>, StoreError> {
        sealed
            .map(|sealed| self.open(Place { column, row }, sealed).map(Secret::new))
            .transpose()
    }

    fn seal_fields(&self, row: &str, fields: &Map<String, Value>) -> Result<String, StoreError> {
        if fields.is_empty() {
            return Ok(NO_FIELDS.to_owned());
        }
        let column = OTHER_FIELDS;
        self.seal(
            Place { column, row },
            &Value::Object(fields.clone()).to_string(),
        )
    }

    fn open_fields(&self, row: &str, sealed: &str) -> Result<Map<String, Value>, StoreError> {
        if sealed == NO_FIELDS {
            return Ok(Map::new());
        }
        let column = OTHER_FIELDS;
        let fields = self.open(Place { column, row }, sealed)?;
        serde_json::from_str(&fields).map_err(|_| StoreError::Unreadable("token response"))
    }
}

/// What a sealed value is bound to. No name of a column holds a NUL, so no two places are alike.
fn associated(place: Place<'_>) -> Vec<u8> {
    [
        &[KEY_NUMBER],
        place.column.as_bytes(),
        b"\0",
        place.row.as_bytes(),
    ]
    .concat()
}

/// Makes sure that everything in the database is sealed, under this very key. A database that was
/// made before secrets were sealed is sealed now; says whether it was.
pub(super) fn seal_database(
    transaction: &rusqlite::Transaction<'_>,
    sealer: &Sealer,
) -> Result<bool, StoreError> {
    let check: Option<String> = transaction
        .query_row("SELECT check_value FROM sealing", [], |row| row.get(0))
        .optional()?;
    if let Some(check) = check {
        return match sealer.open(CHECK, &check) {
            Ok(checked) if checked == CHECKED => Ok(false),
            _ => Err(StoreError::WrongKey),
        };
    }
    let sealed_accounts = seal_plain_accounts(transaction, sealer)?;
    let sealed_configs = seal_plain_auth_configs(transaction, sealer)?;
    transaction.execute(
        "INSERT INTO sealing (key_number, check_value) VALUES (?, ?)",
        params![KEY_NUMBER, sealer.seal(CHECK, CHECKED)?],
    )?;
    Ok(sealed_accounts + sealed_configs > 0)
}

fn seal_plain_accounts(
    transaction: &rusqlite::Transaction<'_>,
    sealer: &Sealer,
) -> Result<usize, StoreError> {
    let mut statement = transaction
        .prepare("SELECT id, access_token, refresh_token, other_fields FROM connected_accounts")?;
    let plain = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, String>(3)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (id, access_token, refresh_token, other_fields) in &plain {
        let held = Held {
            access_token: access_token.clone().map(Secret::new),
            refresh_token: refresh_token.clone().map(Secret::new),
            access_token_expires_at: None,
            other_fields: serde_json::from_str(other_fields)
                .map_err(|_| StoreError::Unreadable("token response"))?,
        };
        let held = sealer.seal_held(id, &held)?;
        transaction.execute(
            "UPDATE connected_accounts
             SET access_token = ?, refresh_token = ?, other_fields = ? WHERE id = ?",
            params![held.access_token, held.refresh_token, held.other_fields, id],
        )?;
    }
    Ok(plain.len())
}

fn seal_plain_auth_configs(
    transaction: &rusqlite::Transaction<'_>,
    sealer: &Sealer,
) -> Result<usize, StoreError> {
    let mut statement = transaction
        .prepare("SELECT id, client_secret FROM auth_configs WHERE client_secret IS NOT NULL")?;
    let plain = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (id, client_secret) in &plain {
        let secret = Secret::new(client_secret.as_str());
        transaction.execute(
            "UPDATE auth_configs SET client_secret = ? WHERE id = ?",
            params![sealer.seal_client_secret(id, Some(&secret))?, id],
        )?;
    }
    Ok(plain.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KEY_NUMBER, Place, Sealer};
    use crate::encryption_key::EncryptionKey;

    const PLACE: Place<'_> = Place {
        column: "table.column",
        row: "ca_1",
    };

    fn sealer() -> Sealer {
        Sealer::new(&EncryptionKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_value_opens_in_its_place_only() {
        let sealer = sealer();
        let value = sealer.seal(PLACE, "secret").unwrap();
        assert_eq!(sealer.open(PLACE, &value).unwrap(), "secret");
        let other_row = Place {
            row: "ca_2",
            ..PLACE
        };
        let other_column = Place {
            column: "table.other",
            ..PLACE
        };
        assert!(sealer.open(other_row, &value).is_err());
        assert!(sealer.open(other_column, &value).is_err());
        assert!(super::tests::sealer().open(PLACE, &value).is_err());
    }

    #[test]
    fn the_same_secret_is_sealed_differently_each_time() {
        let sealer = sealer();
        let seal = || sealer.seal(PLACE, "secret").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_value_names_its_key() {
        use base64::Engine as _;
        let value = sealer().seal(PLACE, "").unwrap();
        let parts = super::STANDARD_NO_PAD.decode(value).unwrap();
        assert_eq!(parts[0], KEY_NUMBER);
    }

    proptest! {
        #[test]
        fn whatever_is_changed_the_value_does_not_open(
            secret in ".{0,40}",
            position in any::<prop::sample::Index>(),
            letter in "[A-Za-z0-9+/]",
        ) {
            let sealer = sealer();
            let value = sealer.seal(PLACE, &secret).unwrap();
            prop_assert_eq!(sealer.open(PLACE, &value).unwrap(), secret);
            let position = position.index(value.len());
            let mut changed = value.clone();
            changed.replace_range(position..=position, &letter);
            if changed != value {
                prop_assert!(sealer.open(PLACE, &changed).is_err());
            }
        }
    }
}
