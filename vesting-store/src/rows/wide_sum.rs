//! Sums of a column that 64 bits may not hold on the way.

use vesting_core::RaoDelta;

/// A column's sum in two parts, `high` and `low`.
pub fn sum_columns(column: &str) -> String {
    filtered_sum_columns(column, "", "")
}

/// The sum of those values of a column that a `FILTER` lets pass, in two parts whose names begin with `name`,
/// since 64 bits may overflow on the way to a sum that fits. Division truncates towards zero, so both parts
/// have the sign of their amount.
pub fn filtered_sum_columns(column: &str, filter: &str, name: &str) -> String {
    let sum = |part: &str| format!("COALESCE(CAST(SUM({column} {part} 4294967296) {filter} AS BIGINT), 0)");
    format!("{} AS {name}high, {} AS {name}low", sum("/"), sum("%"))
}

/// The sum of both parts.
pub fn wide_sum(high: i64, low: i64) -> RaoDelta {
    RaoDelta(i128::from(high) * 4_294_967_296 + i128::from(low))
}
