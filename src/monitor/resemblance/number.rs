//! Registered numbers: the same one is written in many ways.

/// Shortest number that is found within a longer one.
const WITHIN_CHARS_MIN: usize = 8;

/// A number without what does not count: separators, its country before it, zeros at its head.
pub fn bare(country: &str, registration: &str) -> String {
    let kept: String = registration.chars().filter(char::is_ascii_alphanumeric).collect();
    let kept = kept.strip_prefix(country).unwrap_or(&kept);
    // As a hand or a scanner takes them.
    let digits: String = kept.replace('O', "0").replace(['I', 'L'], "1");
    digits.trim_start_matches('0').to_owned()
}

/// Whether two bare numbers are of one company: the same, or one within the other, as the SIREN is
/// in the SIRET of each place of business and in the VAT number.
pub fn is_same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.is_empty() {
        return false;
    }
    short == long
        || (short.len() >= WITHIN_CHARS_MIN && (long.starts_with(short) || long.ends_with(short)))
}
