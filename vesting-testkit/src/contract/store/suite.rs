//! The suite of a [`StakeStore`]: all checks, each on a store of its own.

use std::sync::Arc;

use vesting_core::ports::StakeStore;

use super::dump::{moved, moved_in_parts};
use super::prune::{pruned, pruned_on_the_way, pruned_with_large_sums};
use super::reading::{empty, history, newest_wins};
use super::rewind::{rewound, rewound_after_a_prune};
use super::tranches::{pages_of_tranches, tranches};
use super::writing::{chain, large, observing, parents, refused_whole};

/// Runs every check, each on a store of its own.
pub async fn run(make: impl AsyncFn() -> Arc<dyn StakeStore>) {
    empty(&*make().await).await;
    chain(&*make().await).await;
    parents(&*make().await).await;
    history(&*make().await).await;
    moved(&*make().await, &*make().await).await;
    moved_in_parts(&*make().await, &*make().await).await;
    refused_whole(&*make().await).await;
    tranches(&*make().await).await;
    pages_of_tranches(&*make().await).await;
    newest_wins(&*make().await).await;
    observing(&*make().await).await;
    large(&*make().await).await;
    pruned(&*make().await).await;
    pruned_on_the_way(&*make().await).await;
    pruned_with_large_sums(&*make().await).await;
    rewound(&make).await;
    rewound_after_a_prune(&*make().await).await;
}
