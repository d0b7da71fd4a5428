//! Numbers in sentences.

/// `1 retry`, `2 retries`.
pub(crate) fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    // What does not fit into 64 bits is more than one.
    let count = count.try_into().unwrap_or(u64::MAX);
    let word = if count == 1 { one } else { many };
    format!("{count} {word}")
}

/// `is` or `are`, for so many.
pub(crate) fn either(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_are_many() {
        let said = [0_usize, 1, 2].map(|count| counted(count, "retry", "retries"));
        assert_eq!(said, ["0 retries", "1 retry", "2 retries"]);
    }
}
