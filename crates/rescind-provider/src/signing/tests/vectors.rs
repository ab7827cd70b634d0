//! Published examples: RFC 7515 appendix A, RFC 7638 section 3.1, OpenID Connect Core 1.0
//! appendix A. They are facts, given there to be tested against.

use serde_json::json;

use super::foreign::{CURVE_X, CURVE_Y, RSA_EXPONENT, RSA_MODULUS};
use super::support::bytes;
use crate::signing::assertion::check_secret;
use crate::signing::compact::Unverified;
use crate::signing::public_key::rsa_thumbprint;
use crate::signing::{PublicKeys, Refusal, at_hash, c_hash, verify};

/// The claims of every example of RFC 7515 that is a JWT.
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn hs256_as_rfc_7515_appendix_a_1_has_it() {
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let secret = bytes(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let token = Unverified::read(&token).unwrap();
    assert_eq!(check_secret(&token, &secret), Ok(()));
    assert_eq!(
        check_secret(&token, &secret[1..]),
        Err(Refusal::BadSignature)
    );
}

#[test]
fn rs256_as_rfc_7515_appendix_a_2_has_it() {
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.{}",
        concat!(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W",
            "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS",
            "jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv",
            "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        )
    );
    let set = json!({"keys": [{"kty": "RSA", "n": RSA_MODULUS, "e": RSA_EXPONENT}]});
    let verified = verify(&token, &PublicKeys::read(&set)).unwrap();
    assert_eq!(verified.claims["http://example.com/is_root"], true);
}

#[test]
fn es256_as_rfc_7515_appendix_a_3_has_it() {
    // Its `s` lies in the upper half of the range, which JWS allows.
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": CURVE_X, "y": CURVE_Y}]});
    let verified = verify(&token, &PublicKeys::read(&set)).unwrap();
    assert_eq!(verified.claims["iss"], "joe");
}

#[test]
fn an_unsecured_one_as_rfc_7515_appendix_a_5_has_it_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{CLAIMS}.");
    assert_eq!(
        verify(&token, &PublicKeys::default()),
        Err(Refusal::AlgorithmNone)
    );
}

#[test]
fn a_thumbprint_as_rfc_7638_section_3_1_has_it() {
    let modulus = bytes(concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    ));
    assert_eq!(
        rsa_thumbprint(&modulus, &bytes("AQAB")),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn the_hashes_as_openid_connect_core_appendix_a_has_them() {
    assert_eq!(
        at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        "77QmUPtjPfzWtF2AnpK9RQ"
    );
    assert_eq!(
        c_hash("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
        "LDktKdoQak3Pk0cnXxCltA"
    );
}
