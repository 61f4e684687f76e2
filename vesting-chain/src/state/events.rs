//! `System.Events` in the core's words.

use subxt::config::SubstrateConfig;
use subxt::events::{Events, Phase as SubxtPhase};
use vesting_core::ports::ChainError;
use vesting_core::{ChainEvent, NetUid, Phase, Rao, StakeEvent};

use crate::facts::FeeRule;
use crate::runtimes::runtime::Runtime;
use crate::state::event_fields::Fields;

/// The pallets whose events bear on stake. `TransactionFeePaidWithAlpha` lives in one of them
/// according to the generation, so both are looked at.
const PALLETS: [&str; 3] = ["SubtensorModule", "SubtensorTransactionFee", "LimitOrders"];

/// Mechanisms of a subnet share its netuid: the field of the incentive event is
/// mechanism × 4096 + netuid (docs/chain.md#announced-incentive).
const MECHANISM_STRIDE: u16 = 4096;

/// Decodes the events of a block with the metadata of the runtime that made it.
pub(crate) fn decode(runtime: &Runtime, bytes: Vec<u8>) -> Result<Vec<ChainEvent>, ChainError> {
    let events: Events<SubstrateConfig> = runtime.events(bytes)?;
    let mut seen = 0u32;
    let mut found = Vec::new();
    for event in events.iter() {
        let event = event.map_err(|e| {
            ChainError::Malformed(format!(
                "the events of a block made by spec {} cannot be decoded: {e}",
                runtime.spec_version()
            ))
        })?;
        seen += 1;
        if !PALLETS.contains(&event.pallet_name()) {
            continue;
        }
        let cut = || {
            Fields::cut(runtime.metadata(), event.pallet_index(), event.event_index(), event.field_bytes())
        };
        let stake = match translate(runtime, event.event_name(), cut) {
            // An event of a newer runtime that lost what it told is as one that is not known: what it moves
            // is found in the balances, and `doctor` lists it.
            Err(ChainError::Unsupported(_)) if !runtime.is_measured() => None,
            translated => translated?,
        };
        let Some(stake) = stake else { continue };
        let phase = match event.phase() {
            SubxtPhase::ApplyExtrinsic(index) => Phase::Extrinsic(index),
            SubxtPhase::Finalization => Phase::Finalization,
            SubxtPhase::Initialization => Phase::Initialization,
        };
        found.push(ChainEvent { index: event.index(), phase, event: stake });
    }
    // The iterator ends quietly when bytes run out; a block with fewer events than it says is not read.
    if seen != events.len() {
        return Err(ChainError::Malformed(format!(
            "a block announces {} events, but {seen} were found",
            events.len()
        )));
    }
    Ok(found)
}

fn translate<'a>(
    runtime: &Runtime,
    name: &str,
    cut: impl Fn() -> Result<Fields<'a>, ChainError>,
) -> Result<Option<StakeEvent>, ChainError> {
    Ok(Some(match name {
        "StakeAdded" => {
            let f = cut()?;
            let (coldkey, hotkey) = (f.coldkey("coldkey", 0)?, f.hotkey("hotkey", 1)?);
            let shape = StakeShape::of(&f)?;
            let alpha = if shape.alpha { Some(f.rao("alpha", 3)?) } else { None };
            StakeEvent::StakeAdded { coldkey, hotkey, netuid: f.netuid("netuid", shape.netuid)?, alpha }
        }
        "StakeRemoved" => {
            let f = cut()?;
            let (coldkey, hotkey) = (f.coldkey("coldkey", 0)?, f.hotkey("hotkey", 1)?);
            let shape = StakeShape::of(&f)?;
            let mut fee = Rao::ZERO;
            let alpha = match (shape.alpha, shape.fee, runtime.facts().fee()) {
                (true, true, FeeRule::Inside) => Some(f.rao("alpha", 3)?),
                (true, true, FeeRule::OnTop) => {
                    fee = f.rao("fee", 5)?;
                    let all = f.rao("alpha", 3)?.0.checked_add(fee.0);
                    Some(Rao(all.ok_or_else(|| ChainError::Malformed("a removal is beyond 64 bits".into()))?))
                }
                // Without its fee a removal does not say all that was taken; balances do.
                _ => None,
            };
            StakeEvent::StakeRemoved {
                coldkey,
                hotkey,
                netuid: f.netuid("netuid", shape.netuid)?,
                alpha,
                fee,
            }
        }
        "StakeMoved" => {
            let f = cut()?;
            StakeEvent::StakeMoved {
                coldkey: f.coldkey("coldkey", 0)?,
                from_hotkey: f.hotkey("origin_hotkey", 1)?,
                from_netuid: f.netuid("origin_netuid", 2)?,
                to_hotkey: f.hotkey("destination_hotkey", 3)?,
                to_netuid: f.netuid("destination_netuid", 4)?,
            }
        }
        "StakeTransferred" => {
            let f = cut()?;
            StakeEvent::StakeTransferred {
                from_coldkey: f.coldkey("origin_coldkey", 0)?,
                to_coldkey: f.coldkey("destination_coldkey", 1)?,
                hotkey: f.hotkey("hotkey", 2)?,
                from_netuid: f.netuid("origin_netuid", 3)?,
                to_netuid: f.netuid("destination_netuid", 4)?,
            }
        }
        "StakeSwapped" => {
            let f = cut()?;
            StakeEvent::StakeSwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                from_netuid: f.netuid("origin_netuid", 2)?,
                to_netuid: f.netuid("destination_netuid", 3)?,
            }
        }
        "StakeAndHotkeyTransferred" => {
            let f = cut()?;
            StakeEvent::StakeAndHotkeyTransferred {
                from_coldkey: f.coldkey("origin_coldkey", 0)?,
                to_coldkey: f.coldkey("destination_coldkey", 1)?,
                from_hotkey: f.hotkey("origin_hotkey", 2)?,
                to_hotkey: f.hotkey("destination_hotkey", 3)?,
                from_netuid: f.netuid("origin_netuid", 4)?,
                to_netuid: f.netuid("destination_netuid", 5)?,
            }
        }
        "OrderExecuted" => {
            let f = cut()?;
            let sells = match f.variant("order_type", 3)?.as_str() {
                "LimitBuy" => false,
                "TakeProfit" | "StopLoss" => true,
                // What an order of another kind moves is found in the balances.
                _ => return Ok(None),
            };
            // What a seller gives, and what a buyer gets, is alpha (docs/chain.md#orders-of-a-group).
            let alpha = if sells { f.rao("amount_in", 4)? } else { f.rao("amount_out", 5)? };
            StakeEvent::OrderExecuted {
                trader: f.coldkey("signer", 1)?,
                netuid: f.netuid("netuid", 2)?,
                sells,
                alpha,
            }
        }
        "GroupExecutionSummary" => {
            let f = cut()?;
            StakeEvent::OrdersGrouped {
                netuid: f.netuid("netuid", 0)?,
                orders: f.count("executed_count", 4)?,
            }
        }
        "SubnetLeaseDividendsDistributed" => {
            let f = cut()?;
            StakeEvent::LeaseDividend { contributor: f.coldkey("contributor", 1)?, alpha: f.rao("alpha", 2)? }
        }
        "SharePoolDenominatorReconciled" => {
            let f = cut()?;
            StakeEvent::PoolReconciled { hotkey: f.hotkey("hotkey", 0)?, netuid: f.netuid("netuid", 1)? }
        }
        "SubnetOwnerChanged" => {
            let f = cut()?;
            StakeEvent::OwnerChanged { netuid: f.netuid("netuid", 0)?, new: f.coldkey("new_coldkey", 2)? }
        }
        "AlphaRecycled" => {
            let f = cut()?;
            StakeEvent::AlphaRecycled {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                alpha: f.rao("alpha", 2)?,
                netuid: f.netuid("netuid", 3)?,
            }
        }
        "AlphaBurned" => {
            let f = cut()?;
            StakeEvent::AlphaBurned {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                alpha: f.rao("alpha", 2)?,
                netuid: f.netuid("netuid", 3)?,
            }
        }
        "TransactionFeePaidWithAlpha" => {
            let f = cut()?;
            StakeEvent::FeePaidWithAlpha { who: f.coldkey("who", 0)?, alpha: f.rao("alpha_fee", 2)? }
        }
        "IncentiveAlphaEmittedToMiners" => {
            let f = cut()?;
            let index = f.number("netuid", 0)?;
            StakeEvent::IncentiveEmitted {
                netuid: NetUid(index % MECHANISM_STRIDE),
                mechanism: index / MECHANISM_STRIDE,
                emissions: f.raos("emissions", 1)?,
            }
        }
        "AutoStakeAdded" => {
            let f = cut()?;
            StakeEvent::AutoStakeAdded {
                netuid: f.netuid("netuid", 0)?,
                destination: f.hotkey("destination", 1)?,
                hotkey: f.hotkey("hotkey", 2)?,
                owner: f.coldkey("owner", 3)?,
                incentive: f.rao("incentive", 4)?,
            }
        }
        "RootClaimed" => StakeEvent::RootClaimed { coldkey: cut()?.coldkey("coldkey", 0)? },
        "HotkeySwapped" => {
            let f = cut()?;
            StakeEvent::HotkeySwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                old: f.hotkey("old_hotkey", 1)?,
                new: f.hotkey("new_hotkey", 2)?,
                netuid: None,
            }
        }
        "HotkeySwappedOnSubnet" => {
            let f = cut()?;
            StakeEvent::HotkeySwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                old: f.hotkey("old_hotkey", 1)?,
                new: f.hotkey("new_hotkey", 2)?,
                netuid: Some(f.netuid("netuid", 3)?),
            }
        }
        "ColdkeySwapped" => {
            let f = cut()?;
            StakeEvent::ColdkeySwapped {
                old: f.coldkey("old_coldkey", 0)?,
                new: f.coldkey("new_coldkey", 1)?,
            }
        }
        "NetworkRemoved" => StakeEvent::NetworkRemoved { netuid: cut()?.netuid("netuid", 0)? },
        "EpochSkipped" => StakeEvent::EpochSkipped { netuid: cut()?.netuid("netuid", 0)? },
        "EpochDeferred" => StakeEvent::EpochDeferred { netuid: cut()?.netuid("netuid", 0)? },
        "EpochTriggered" => StakeEvent::EpochTriggered { netuid: cut()?.netuid("netuid", 0)? },
        _ => return Ok(None),
    }))
}

/// What `StakeAdded` and `StakeRemoved` tell in this generation: (coldkey, hotkey, tao, netuid) in the
/// oldest, then with alpha before the netuid, then with the fee after it.
struct StakeShape {
    netuid: usize,
    alpha: bool,
    fee: bool,
}

impl StakeShape {
    fn of(fields: &Fields<'_>) -> Result<Self, ChainError> {
        match fields.len() {
            0..=3 => Err(ChainError::Unsupported(
                "the runtime is too old: its stake events do not say on which subnet they were; start the record at a later block".into(),
            )),
            4 => Ok(Self { netuid: 3, alpha: false, fee: false }),
            count => Ok(Self { netuid: 4, alpha: true, fee: count > 5 }),
        }
    }
}
