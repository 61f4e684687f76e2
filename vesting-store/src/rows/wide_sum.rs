//! Sums of a column in two parts, since 64 bits may overflow on the way to a sum that fits.

use vesting_core::RaoDelta;

/// The SQL for a column's sum, as the columns `high` and `low`.
pub fn sum_columns(column: &str) -> String {
    filtered_sum_columns(column, "", "")
}

/// The same for the values that pass a `FILTER`. The names of the two columns begin with `name`. Division
/// truncates towards zero, so both parts have the sign of their amount.
pub fn filtered_sum_columns(column: &str, filter: &str, name: &str) -> String {
    let sum = |part: &str| format!("COALESCE(CAST(SUM({column} {part} 4294967296) {filter} AS BIGINT), 0)");
    format!("{} AS {name}high, {} AS {name}low", sum("/"), sum("%"))
}

/// The sum, from its two parts.
pub fn wide_sum(high: i64, low: i64) -> RaoDelta {
    RaoDelta(i128::from(high) * 4_294_967_296 + i128::from(low))
}
