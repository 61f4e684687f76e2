//! The same history in a file and on a server: the same record, to the last byte.

use std::time::Duration;

use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::postgres_test;

use crate::place::{Place, history, said, start};

fn runs(place: &Place, arguments: &[&str]) -> String {
    let output = place.program(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

postgres_test! {
    async fn both_databases_say_the_same_and_exchange_records() {
        let history = history(61);
        let (file, server, followed) = (Place::file(), Place::server(), Place::server());
        let node = serve(std::sync::Arc::clone(&history), NodeOptions::default()).await.unwrap();
        for place in [&file, &server] {
            assert!(start(place, &["catch-up", "--from", "1"], &node).wait().unwrap().success());
        }
        // By every block, too.
        let every = Place::file();
        assert!(
            start(&every, &["catch-up", "--from", "1", "--every-block"], &node).wait().unwrap().success()
        );
        assert_eq!(said(&every), said(&file));
        let node =
            serve(history, NodeOptions { advance: Some(Duration::from_millis(6)), ..NodeOptions::default() })
                .await
                .unwrap();
        assert!(start(&followed, &["run", "--until", "320"], &node).wait().unwrap().success());
        let expected = said(&file);
        assert!(expected.len() > 100, "{} lines are too few to test with", expected.len());
        assert_eq!(said(&server), expected);
        assert_eq!(said(&followed), expected);
        let folder = tempfile::tempdir().unwrap();
        let exported = [&file, &server].map(|place| {
            runs(place, &["db", "check"]);
            let path = folder.path().join("export.zst");
            runs(place, &["db", "export", "--force", path.to_str().unwrap()]);
            std::fs::read(path).unwrap()
        });
        assert_eq!(exported[0], exported[1]);
        // From the file to another server, and pruned alike.
        let path = folder.path().join("export.zst");
        let imported = Place::server();
        runs(&imported, &["db", "import", path.to_str().unwrap()]);
        assert_eq!(said(&imported), expected);
        let prune =
            ["db", "prune", "--keep-days", "1", "--retention-window-days", "0.01", "--compact", "--json"];
        let pruned = runs(&file, &prune);
        assert_eq!(runs(&imported, &prune), pruned);
        assert_eq!(said(&imported), said(&file));
        runs(&imported, &["db", "check"]);
        assert_eq!(runs(&imported, &["db", "migrate"]), runs(&file, &["db", "migrate"]));
    }
}
