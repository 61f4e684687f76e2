//! Whether a record's last block is on the chain, according to each endpoint. One endpoint may be wrong; two
//! that agree are believed.
//!
//! Takes from `config`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockRef};

use crate::config::Config;

/// The deadline of each endpoint.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the endpoints say about a block of the record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// How many endpoints have the record's block.
    has: usize,
    /// How many have another block at its height, by hash.
    others: BTreeMap<BlockHash, usize>,
    /// How many did not answer.
    silent: usize,
}

impl Witnesses {
    /// Asks every endpoint of the record's chain.
    pub async fn ask(config: &Config, genesis: BlockHash, block: BlockRef) -> Self {
        let asked = config.endpoints.iter().map(|url| async {
            let chain =
                SubxtChain::new(ChainOptions { deadline: PATIENCE, ..ChainOptions::new(url.clone()) });
            chain.expect_genesis(genesis);
            tokio::time::timeout(PATIENCE, chain.block_hash(block.number))
                .await
                .unwrap_or(Err(ChainError::NoSuchBlock(block.number)))
        });
        let mut witnesses = Self::default();
        for said in join_all(asked).await {
            match said {
                Ok(hash) if hash == block.hash => witnesses.has += 1,
                Ok(hash) => *witnesses.others.entry(hash).or_default() += 1,
                Err(_) => witnesses.silent += 1,
            }
        }
        witnesses
    }

    /// Whether at least two endpoints agree on one other block and none has the record's.
    pub fn agree_on_another(&self) -> bool {
        self.has == 0 && self.others.len() == 1 && self.others.values().all(|count| *count >= 2)
    }

    /// A message with what the endpoints say and what to do about it.
    pub fn message(&self, block: BlockRef) -> String {
        let others: usize = self.others.values().sum();
        let all = self.has + others + self.silent;
        let said = format!(
            "of {all} endpoints {} have the record's block {block}, {others} have another one, {} say \
             nothing",
            self.has, self.silent
        );
        if self.has > 0 {
            return format!(
                "{said}; the endpoints disagree, so that one of them is wrong: leave it out of `--endpoints`"
            );
        }
        format!(
            "{said}; if they are right, `vesting db repair --from {}` takes the record back to an epoch, \
             and `vesting run` does so by itself where two endpoints agree",
            block.number
        )
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::BlockNumber;

    use super::*;

    #[test]
    fn one_endpoint_alone_is_not_believed() {
        let of = |has, others: &[(u8, usize)]| Witnesses {
            has,
            others: others.iter().map(|(hash, count)| (BlockHash([*hash; 32]), *count)).collect(),
            silent: 1,
        };
        assert!(of(0, &[(1, 2)]).agree_on_another());
        for doubtful in [of(0, &[(1, 1)]), of(1, &[(1, 2)]), of(0, &[(1, 2), (2, 2)]), of(0, &[])] {
            assert!(!doubtful.agree_on_another(), "{doubtful:?}");
        }
        let block = BlockRef { number: BlockNumber(9), hash: BlockHash([3; 32]) };
        assert!(of(0, &[(1, 1)]).message(block).contains("db repair --from 9"));
        assert!(of(1, &[(1, 2)]).message(block).contains("disagree"));
    }
}
