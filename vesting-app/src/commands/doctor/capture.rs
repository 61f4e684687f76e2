//! `vesting doctor --capture`: writes the blocks around the newest epoch as a recording.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Serialize;
use vesting_chain::{CapturedBlock, CapturedRuntime};
use vesting_core::BlockNumber;
use vesting_core::ports::{ChainError, ChainPort, ReadChain};
use vesting_testkit::recording_writer::{BlockToWrite, RecordingWriter, RuntimeToWrite};

use crate::commands::progress::bar;
use crate::commands::session::Session;
use crate::exit::UsageError;
use crate::wiring;

#[derive(Serialize)]
struct Captured {
    folder: String,
    /// The first and the last block that can be recorded from it.
    from: u64,
    to: u64,
    epoch: u64,
    spec_versions: Vec<u32>,
    requests: u64,
    /// Why only part of the storage was captured, if so.
    unread: Option<String>,
}

/// The blocks that are captured. Recording from `from` needs the state of the block before it, and the
/// metadata of the one before that.
struct Stretch {
    base: BlockNumber,
    from: BlockNumber,
    to: BlockNumber,
}

impl Stretch {
    /// `blocks` blocks around one, as far as they exist.
    fn around(epoch: BlockNumber, head: BlockNumber, blocks: u32) -> Self {
        let blocks = u64::from(blocks);
        let to = BlockNumber(epoch.0.saturating_add(blocks / 2).min(head.0));
        let from = BlockNumber(to.0.saturating_sub(blocks.saturating_sub(1)).max(1));
        let to = BlockNumber(from.0.saturating_add(blocks.saturating_sub(1)).min(head.0));
        Self { base: BlockNumber(from.0.saturating_sub(2)), from, to }
    }

    fn blocks(&self) -> impl Iterator<Item = BlockNumber> + use<> {
        (self.base.0..=self.to.0).map(BlockNumber)
    }
}

pub async fn run(session: &mut Session, blocks: u32, output: Option<&Path>) -> anyhow::Result<()> {
    let netuids = wiring::subnets_to_follow(&session.config)?;
    output.map_or(Ok(()), is_free)?;
    let chain = wiring::chain(&session.config);
    let head = chain.finalized_head().await?.number;
    let port: &dyn ChainPort = chain.as_ref();
    let (epoch, stretch) = match port.glance(head, &netuids).await {
        Ok(facts) => {
            let epochs = netuids.iter().map(|netuid| {
                let counters = facts
                    .subnets
                    .get(netuid)
                    .ok_or(ChainError::NoSuchSubnet { netuid: *netuid, block: head });
                counters.map(|counters| counters.last_step_block)
            });
            let epoch = epochs.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(head);
            (epoch, Stretch::around(epoch, head, blocks))
        }
        // In that case the block of the newest epoch is unknown.
        Err(ChainError::Unreadable { .. } | ChainError::Unsupported(_) | ChainError::Malformed(_)) => {
            (head, Stretch::around(head, head, blocks))
        }
        Err(error) => return Err(error.into()),
    };
    let folder = output
        .map_or_else(|| PathBuf::from(format!("capture-{}-{}", stretch.from, stretch.to)), Path::to_owned);
    is_free(&folder)?;

    let count = stretch.to.0.saturating_sub(stretch.base.0).saturating_add(1);
    let bar =
        bar(count.saturating_mul(3), "capturing [{bar:32}] {percent} % · {msg} · {elapsed} gone, {eta} left");
    let mut capture = chain.capture(&netuids);
    bar.set_message("coldkeys and hotkeys");
    for number in stretch.blocks() {
        capture.find_accounts(number).await.with_context(|| cannot(number))?;
        bar.inc(1);
    }
    bar.set_message("positions");
    for number in stretch.blocks() {
        capture.find_stake(number).await.with_context(|| cannot(number))?;
        bar.inc(1);
    }
    capture.choose_storage(stretch.base, stretch.to).await?;
    bar.set_message("blocks");
    let failed = || format!("cannot write the recording to `{}`", folder.display());
    let mut writer = RecordingWriter::new(&folder).with_context(failed)?;
    if stretch.base.0 > 0 {
        write_block(&mut writer, &capture.without_state(BlockNumber(0)).await?).with_context(failed)?;
    }
    let mut spec_versions = Vec::new();
    for number in stretch.blocks() {
        if let Some(runtime) = capture.runtime(number).await.with_context(|| cannot(number))? {
            spec_versions.push(runtime.spec_version);
            write_runtime(&mut writer, &runtime).with_context(failed)?;
        }
        let block = capture.block(number).await.with_context(|| cannot(number))?;
        write_block(&mut writer, &block).with_context(failed)?;
        bar.inc(1);
    }
    writer.finish().with_context(failed)?;
    bar.finish_and_clear();

    let done = Captured {
        folder: folder.display().to_string(),
        from: stretch.from.0,
        to: stretch.to.0,
        epoch: epoch.0,
        spec_versions,
        requests: chain.requests().0,
        unread: capture.unread().map(ToString::to_string),
    };
    print(session, &done)
}

fn print(session: &mut Session, done: &Captured) -> anyhow::Result<()> {
    if session.json {
        return session.out.json(done);
    }
    let versions: Vec<String> = done.spec_versions.iter().map(ToString::to_string).collect();
    let Captured { folder, from, to, epoch, .. } = done;
    session.out.line(format!(
        "Blocks {from} to {to}, around block {epoch}, made by spec {}, are in {folder}.",
        versions.join(" and ")
    ))?;
    if let Some(why) = &done.unread {
        return session.out.line(format!(
            "Only storage keyed by netuid was captured, because this version cannot read the runtime: {why}"
        ));
    }
    session.out.line(format!(
        "To serve them again, and to record from them:\n  vesting simnode --recording {folder}"
    ))?;
    session
        .out
        .line(format!("  vesting catch-up --network local --from {from} --database-url sqlite://captured.db"))
}

fn cannot(number: BlockNumber) -> String {
    format!("cannot take block {number}")
}

fn is_free(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            ensure!(
                entries.next().is_none(),
                UsageError(format!("`{shown}` is not empty: name another folder with `--output`"))
            )
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(UsageError(format!("`{shown}` cannot be the folder of a recording: {error}")).into());
        }
    }
    Ok(())
}

/// A block number in the width that recordings use.
fn short(number: BlockNumber) -> std::io::Result<u32> {
    u32::try_from(number.0)
        .map_err(|_| std::io::Error::other(format!("block {number} is too high for a recording")))
}

fn write_block(writer: &mut RecordingWriter, block: &CapturedBlock) -> std::io::Result<()> {
    writer.block(&BlockToWrite {
        number: short(block.number)?,
        hash: block.hash.0,
        parent_hash: block.parent_hash.0,
        timestamp_ms: block.time.0,
        header: &block.header,
        extrinsics: &block.extrinsics,
        changes: &block.changes,
    })
}

fn write_runtime(writer: &mut RecordingWriter, runtime: &CapturedRuntime) -> std::io::Result<()> {
    let CapturedRuntime { from, spec_version, version, metadata } = runtime;
    writer.runtime(&RuntimeToWrite { from: short(*from)?, spec_version: *spec_version, version, metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_has_its_blocks_where_there_are_so_many() {
        let around = |epoch, head, blocks| {
            let stretch = Stretch::around(BlockNumber(epoch), BlockNumber(head), blocks);
            (stretch.base.0, stretch.from.0, stretch.to.0)
        };
        assert_eq!(around(1_000, 2_000, 20), (989, 991, 1_010));
        assert_eq!(around(1_000, 2_000, 1), (998, 1_000, 1_000));
        // Near the head, more blocks before it.
        assert_eq!(around(1_000, 1_000, 20), (979, 981, 1_000));
        // Near the beginning, more blocks after it.
        assert_eq!(around(3, 2_000, 20), (0, 1, 20));
        assert_eq!(around(0, 5, 20), (0, 1, 5));
    }
}
