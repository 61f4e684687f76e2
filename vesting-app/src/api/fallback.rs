//! Paths that are not there, and methods that a path does not take.

use axum::http::Uri;

use super::problem::Problem;

pub async fn no_such_path(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    Problem::no_such_path(format!("there is no {path}: docs/api.md tells what there is"))
}

pub async fn wrong_method(uri: Uri) -> Problem {
    Problem::wrong_method(format!(
        "{} takes another method: `/v1/update` and `/v1/weights/apply` take POST, all else is asked with GET",
        uri.path()
    ))
}
