//! `explain`, `history` and `whatif` on a simulated record.

use std::path::Path;
use std::sync::{Arc, RwLock};

use serde_json::Value;
use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::{Call, SimChain, SubnetConfig};

use crate::command_line::vesting;
use crate::way;

const NETUID: NetUid = NetUid(2);
const ALPHA: u64 = 1_000_000_000;
const BLOCKS: u32 = 300;
/// 216 blocks.
const WINDOW: [&str; 2] = ["--retention-window-days", "0.03"];

fn miner(n: u8) -> (Coldkey, Hotkey) {
    (Coldkey([n; 32]), Hotkey([100 + n; 32]))
}

/// Four miners: the first sells twice, the second never, the third has two hotkeys, of which one loses its
/// uid to a newcomer.
fn chain(history: &Arc<RwLock<History>>) -> SimChain {
    let third = (miner(3).0, Hotkey([200; 32]));
    let neurons = [miner(1), miner(2), miner(3), third]
        .map(|(coldkey, hotkey)| (coldkey, hotkey, 10, false, ALPHA))
        .to_vec();
    let subnet = SubnetConfig { netuid: NETUID, tempo: 10, owner: miner(9), neurons, capacity: 4 };
    let mut chain = SimChain::new(1, &[subnet], Some(Arc::clone(history)));
    for block in 1..=BLOCKS {
        let (coldkey, hotkey) = miner(1);
        match block {
            150 => chain.queue(Call::RemoveStake { coldkey, hotkey, netuid: NETUID, alpha: 5 * ALPHA }),
            200 => chain.queue(Call::RemoveStake { coldkey, hotkey, netuid: NETUID, alpha: 2 * ALPHA }),
            220 => {
                chain.set_weight(NETUID, third.1, 0);
                chain.queue(Call::Register { coldkey: miner(4).0, hotkey: miner(4).1, netuid: NETUID });
            }
            _ => {}
        }
        chain.step();
    }
    chain
}

/// A folder with the record.
async fn recorded() -> tempfile::TempDir {
    let history = Arc::new(RwLock::new(History::default()));
    chain(&history);
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    way::catch_up(&node, way::database(folder.path(), "vesting.db"), NETUID, BLOCKS).await;
    folder
}

/// What a command prints.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = vesting(folder, &[arguments, &WINDOW].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let text = said(folder, &[arguments, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn refused(folder: &Path, arguments: &[&str], code: i32, word: &str) {
    let output = vesting(folder, &[arguments, &WINDOW].concat());
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {words}");
    assert!(words.contains(word), "{arguments:?}: {words}");
}

fn rao(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multiplier_is_explained_by_every_name_of_its_miner() {
    let folder = recorded().await;
    let folder = folder.path();
    let miners = json(folder, &["miners"]);
    assert_eq!(miners.len(), 4);
    for line in &miners {
        let explained = json(folder, &["explain", &format!("uid:{}", line["uid"])]).remove(0);
        assert_eq!(
            (&explained["multiplier"], &explained["limited_by"]),
            (&line["multiplier"], &line["limited_by"])
        );
        assert_eq!((&explained["holder"], &explained["as_of"]), (&line["holder"], &line["as_of"]));
        for name in ["hotkey", "coldkey"] {
            assert_eq!(
                json(folder, &["explain", line[name].as_str().unwrap()]),
                std::slice::from_ref(&explained)
            );
        }
        let own = explained["positions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|position| position["uid"] == line["uid"])
            .unwrap();
        for key in ["hotkey", "stake", "rewards", "rewards_kept", "other", "other_kept", "sold"] {
            assert_eq!(own[key], line[key], "{key}");
        }
        assert_eq!(rao(&line["earned_stake"]) > 0, rao(&line["rewards_kept"]) > 0);
    }
    // The seller: had it sold nothing it would have what the second has.
    let seller = json(folder, &["explain", "uid:0"]).remove(0);
    assert_eq!(
        (&seller["multiplier_unsold"], &seller["sale_count"]),
        (&miners[1]["multiplier"], &Value::from(2))
    );
    let sales: Vec<(u64, u128)> = seller["largest_sales"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sale| (sale["block"].as_u64().unwrap(), rao(&sale["amount"])))
        .collect();
    assert_eq!(sales, [(150, 5_000_000_000), (200, 2_000_000_000)]);
    assert_eq!(rao(&seller["holder"]["sold"]), 7_000_000_000);
    let one = json(folder, &["explain", "uid:0", "--sales", "1", "--days", "0.01"]).remove(0);
    assert_eq!(one["largest_sales"], Value::Array(vec![seller["largest_sales"][0].clone()]));
    assert_eq!(one["ahead"], Value::Array(vec![seller["ahead"][0].clone()]), "a third of the window");
    // The third under the hotkey that lost its uid.
    let lost = json(folder, &["explain", &Hotkey([200; 32]).to_string()]).remove(0);
    assert_eq!(lost["coldkey"], miner(3).0.to_string());
    let uids: Vec<Value> =
        lost["positions"].as_array().unwrap().iter().map(|position| position["uid"].clone()).collect();
    assert!(uids.len() == 2 && uids.contains(&Value::from(2)) && uids.contains(&Value::Null), "{uids:?}");

    let text = said(folder, &["explain", "uid:0"]);
    for words in [
        "Multiplier 1.",
        "geometric_mean",
        "rewards kept",
        "What each sale alone cost",
        "block 150",
        "nothing had been sold",
        "q ",
    ] {
        let words = if words == "block 150" { "150 " } else { words };
        assert!(text.contains(words), "{words}: {text}");
    }
    let dear =
        said(folder, &["explain", "uid:0", "--minimum-stake", "1000", "--below-minimum", "zero_weight"]);
    assert!(dear.contains("the weight is 0") && dear.contains("the stake were at least 1000.0000"), "{dear}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_ends_with_what_is_and_has_every_epoch() {
    let folder = recorded().await;
    let folder = folder.path();
    let epochs = json(folder, &["epochs"]);
    let history = json(folder, &["history", "uid:0", "--epochs", "600"]);
    let blocks = |lines: &[Value]| lines.iter().map(|line| line["as_of"].as_u64()).collect::<Vec<_>>();
    assert_eq!(history.len(), epochs.len());
    assert_eq!(history[history.len() - 4..], json(folder, &["history", "uid:0", "--epochs", "4"]));
    let now = json(folder, &["miners"]).remove(0);
    let last = history.last().unwrap();
    for key in ["multiplier", "holding_percentage", "holding_duration", "stake", "as_of", "holder", "coldkey"]
    {
        assert_eq!(last[key], now[key], "{key}");
    }
    let before = &history[3]["as_of"].to_string();
    assert_eq!(history[..4], json(folder, &["history", "uid:0", "--epochs", "600", "--as-of", before]));
    assert!(blocks(&history).windows(2).all(|pair| pair[0] < pair[1]));
    let sold: u128 = history.iter().map(|point| rao(&point["sold"])).sum();
    assert_eq!(sold, 7_000_000_000);
    let text = said(folder, &["history", "uid:0", "--epochs", "2"]);
    assert!(text.contains("multiplier") && text.contains("the last 2 epochs"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_is_compared_and_an_impossible_one_refused() {
    let folder = recorded().await;
    let folder = folder.path();
    let compared = json(folder, &["whatif", "--set", "max_multiplier=2", "--epochs", "3"]);
    assert_eq!(compared.len(), 3);
    let (now, other) = (json(folder, &["miners"]), json(folder, &["miners", "--max-multiplier", "2"]));
    for ((line, now), other) in compared[2]["neurons"].as_array().unwrap().iter().zip(&now).zip(&other) {
        assert_eq!(
            (&line["uid"], &line["multiplier"], &line["other_multiplier"]),
            (&now["uid"], &now["multiplier"], &other["multiplier"])
        );
        assert_eq!(line["differs"], now["multiplier"] != other["multiplier"]);
    }
    std::fs::write(folder.join("weights.json"), r#"{"weights": {"0": 0.5, "1": 0.5}}"#).unwrap();
    let weighed =
        json(folder, &["whatif", "--set", "max_multiplier=2", "--weights", "weights.json"]).remove(0);
    let applied = |arguments: &[&str]| {
        json(folder, &[&["apply", "--weights", "weights.json"], arguments].concat()).remove(0)
    };
    assert_eq!(weighed["weights"]["now"]["weights"], applied(&[])["weights"]);
    assert_eq!(weighed["weights"]["other"]["weights"], applied(&["--max-multiplier", "2"])["weights"]);
    assert_ne!(weighed["weights"]["now"], weighed["weights"]["other"]);
    let text = said(folder, &["whatif", "--set", "max_multiplier=2", "--weights", "weights.json"]);
    assert!(text.contains("multipliers differ") && text.contains("0.500000"), "{text}");
    assert!(said(folder, &["whatif", "--set", "max_multiplier=1.5"]).contains("the present one"));
    // In shadow too, it tells what would be.
    let shadow =
        json(folder, &["whatif", "--set", "max_multiplier=2", "--weights", "weights.json", "--shadow"])
            .remove(0);
    assert_eq!(shadow["weights"], weighed["weights"]);

    let warned = vesting(folder, &[&["whatif", "--set", "formula=tiered"], &WINDOW[..]].concat());
    assert!(
        String::from_utf8_lossy(&warned.stderr)
            .contains("the other policy: `retention_window_days` is too short")
    );
    refused(folder, &["whatif", "--set", "max_multiplier=0.5"], 2, "`max_multiplier = 0.5` (--set)");
    refused(folder, &["whatif", "--set", "netuids=3"], 2, "`netuids` is no key of the policy");
    refused(folder, &["whatif"], 2, "--set");
    refused(
        folder,
        &["whatif", "--set", "max_multiplier=2", "--weights", "w.json", "--epochs", "2"],
        2,
        "--epochs",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_name_is_said() {
    let folder = recorded().await;
    let folder = folder.path();
    for command in ["explain", "history"] {
        refused(folder, &[command, "5Grw"], 2, "is not an SS58 address");
        refused(folder, &[command, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ"], 2, "checksum");
        refused(folder, &[command, "uid:five"], 2, "a number from 0 to 65535");
        refused(folder, &[command, "uid:77"], 1, "vesting miners");
        refused(folder, &[command, &Coldkey([77; 32]).to_string()], 1, "nobody in the record of subnet 2");
        refused(folder, &[command, "uid:0", "--as-of", "3"], 1, "no epoch of subnet 2");
        refused(folder, &[command, "uid:0", "--netuid", "7"], 1, "catch-up --netuid 7");
    }
    refused(folder, &["explain", "uid:0", "--days", "0.04"], 2, "at most the window, 0.03 days");
    for command in ["explain", "history", "whatif"] {
        let help = said(folder, &[command, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("vesting {command}")), "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_cover_the_window_explains_nothing_and_says_so() {
    let history = Arc::new(RwLock::new(History::default()));
    chain(&history);
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = way::database(folder.path(), "vesting.db");
    let mut monitor =
        vesting_core::BlockchainMonitor::open(way::chain(&node), store, &[NETUID], 8).await.unwrap();
    let (from, to) = (BlockNumber(200), BlockNumber(u64::from(BLOCKS)));
    monitor.advance(from, to, vesting_core::Pace::CatchingUp, &mut |_| {}).await.unwrap();
    let found = json(folder.path(), &["explain", "uid:0"]).remove(0);
    assert_eq!(
        (&found["multiplier"], &found["incomplete_since"]),
        (&Value::from("1.000000000"), &Value::from(200))
    );
    assert!(found["multiplier_unsold"].is_null() && found["ahead"] == Value::Array(Vec::new()));
    assert!(said(folder.path(), &["explain", "uid:0"]).contains("incomplete"));
    let text = said(folder.path(), &["whatif", "--set", "max_multiplier=2"]);
    assert!(
        text.contains("does not cover the other policy's window") && text.contains("--database-url"),
        "{text}"
    );
}
