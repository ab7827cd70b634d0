//! Paths with holes, such as `/tokens/{token}`: what a revocation route may have.

/// The names of a template's holes, in their order.
pub fn holes(template: &str) -> Vec<&str> {
    template
        .split('/')
        .filter_map(split)
        .map(|(_, name, _)| name)
        .collect()
}

/// What stands in the holes of a template at a path, still percent-encoded; none if the path is
/// not one of the template's. A hole takes all that its part of the path leaves, and never nothing.
pub fn values<'a>(template: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let (mut parts, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(part), Some(text)) => match split(part) {
                None if part == text => {}
                None => return None,
                Some((before, name, after)) => {
                    let value = text.strip_prefix(before)?.strip_suffix(after)?;
                    if value.is_empty() {
                        return None;
                    }
                    found.push((name, value));
                }
            },
            _ => return None,
        }
    }
}

/// Whether every brace of a template belongs to a hole with a name, and no part has two.
pub fn is_well_formed(template: &str) -> bool {
    template.split('/').all(|part| match split(part) {
        Some((before, name, after)) => {
            let braces = |text: &str| text.contains(['{', '}']);
            !name.is_empty() && !braces(before) && !braces(name) && !braces(after)
        }
        None => !part.contains(['{', '}']),
    })
}

/// A part of a template around its hole.
fn split(part: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = part.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_takes_one_part_of_the_path_and_never_nothing() {
        let template = "/1/tokens/{token}/";
        assert_eq!(holes(template), ["token"]);
        assert_eq!(
            values(template, "/1/tokens/a%2Fb/"),
            Some(vec![("token", "a%2Fb")])
        );
        for other in [
            "/1/tokens//",
            "/1/tokens/a",
            "/1/tokens/a/b/",
            "/2/tokens/a/",
        ] {
            assert_eq!(values(template, other), None, "{other}");
        }
    }

    #[test]
    fn a_hole_may_be_a_part_of_a_part() {
        let template = "/v2/oauth/tokens/{id}.json";
        assert_eq!(
            values(template, "/v2/oauth/tokens/7.json"),
            Some(vec![("id", "7")])
        );
        assert_eq!(values(template, "/v2/oauth/tokens/.json"), None);
        assert_eq!(values(template, "/v2/oauth/tokens/7.xml"), None);
    }

    #[test]
    fn a_path_without_holes_is_only_itself() {
        assert_eq!(values("/revoke", "/revoke"), Some(Vec::new()));
        assert_eq!(values("/revoke", "/revoke/"), None);
    }

    #[test]
    fn braces_that_make_no_hole_are_told() {
        assert!(is_well_formed("/a/{b}/c-{d}.json"));
        for wrong in ["/{}", "/{a", "/a}", "/{a}{b}", "/{{a}}"] {
            assert!(!is_well_formed(wrong), "{wrong}");
        }
    }
}
