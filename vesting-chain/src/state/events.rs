//! The events of a block, decoded from `System.Events`.

use subxt::config::SubstrateConfig;
use subxt::events::{Events, Phase as SubxtPhase};
use vesting_core::ports::ChainError;
use vesting_core::{ChainEvent, NetUid, Phase, Rao, StakeEvent};

use crate::facts::FeeRule;
use crate::runtimes::runtime::Runtime;
use crate::state::event_fields::EventFields;

/// The pallets whose events bear on stake. `TransactionFeePaidWithAlpha` is in the first or the second of
/// them, depending on the runtime.
const PALLETS: [&str; 3] = ["SubtensorModule", "SubtensorTransactionFee", "LimitOrders"];

/// The netuid field of the incentive event is mechanism × 4096 + netuid (docs/chain.md#announced-incentive).
const MECHANISM_STRIDE: u16 = 4096;

/// Decodes the events of a block with the metadata of the runtime that made it.
pub(crate) fn decode(runtime: &Runtime, bytes: Vec<u8>) -> Result<Vec<ChainEvent>, ChainError> {
    let events: Events<SubstrateConfig> = runtime.events(bytes)?;
    let mut count = 0u32;
    let mut found = Vec::new();
    for event in events.iter() {
        let event = event.map_err(|e| {
            ChainError::Malformed(format!(
                "the events of a block made by spec {} cannot be decoded: {e}",
                runtime.spec_version()
            ))
        })?;
        count += 1;
        if !PALLETS.contains(&event.pallet_name()) {
            continue;
        }
        let fields = || {
            EventFields::split(
                runtime.metadata(),
                event.pallet_index(),
                event.event_index(),
                event.field_bytes(),
            )
        };
        let stake = match translate(runtime, event.event_name(), fields) {
            // An event of a newer runtime that lost a field is treated as unknown. What it moves is found in
            // the balances, and `doctor` lists it.
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
    // The iterator ends without an error when bytes run out, so events are counted.
    if count != events.len() {
        return Err(ChainError::Malformed(format!(
            "a block announces {} events, but {count} were found",
            events.len()
        )));
    }
    Ok(found)
}

/// The stake event of this name; `None` if it does not bear on stake.
fn translate<'a>(
    runtime: &Runtime,
    name: &str,
    fields: impl Fn() -> Result<EventFields<'a>, ChainError>,
) -> Result<Option<StakeEvent>, ChainError> {
    Ok(Some(match name {
        "StakeAdded" => {
            let f = fields()?;
            let (coldkey, hotkey) = (f.coldkey("coldkey", 0)?, f.hotkey("hotkey", 1)?);
            let shape = StakeShape::of(&f)?;
            let alpha = if shape.alpha { Some(f.rao("alpha", 3)?) } else { None };
            StakeEvent::StakeAdded { coldkey, hotkey, netuid: f.netuid("netuid", shape.netuid)?, alpha }
        }
        "StakeRemoved" => {
            let f = fields()?;
            let (coldkey, hotkey) = (f.coldkey("coldkey", 0)?, f.hotkey("hotkey", 1)?);
            let shape = StakeShape::of(&f)?;
            let mut fee = Rao::ZERO;
            let alpha = match (shape.alpha, shape.fee, runtime.facts().fee()) {
                (true, true, FeeRule::Inside) => Some(f.rao("alpha", 3)?),
                (true, true, FeeRule::OnTop) => {
                    fee = f.rao("fee", 5)?;
                    let all = f.rao("alpha", 3)?.0.checked_add(fee.0);
                    Some(Rao(all.ok_or_else(|| {
                        ChainError::Malformed("the alpha and fee of a removal exceed 64 bits".into())
                    })?))
                }
                // Without its fee a removal does not say all that was taken. Balances do.
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
            let f = fields()?;
            StakeEvent::StakeMoved {
                coldkey: f.coldkey("coldkey", 0)?,
                from_hotkey: f.hotkey("origin_hotkey", 1)?,
                from_netuid: f.netuid("origin_netuid", 2)?,
                to_hotkey: f.hotkey("destination_hotkey", 3)?,
                to_netuid: f.netuid("destination_netuid", 4)?,
            }
        }
        "StakeTransferred" => {
            let f = fields()?;
            StakeEvent::StakeTransferred {
                from_coldkey: f.coldkey("origin_coldkey", 0)?,
                to_coldkey: f.coldkey("destination_coldkey", 1)?,
                hotkey: f.hotkey("hotkey", 2)?,
                from_netuid: f.netuid("origin_netuid", 3)?,
                to_netuid: f.netuid("destination_netuid", 4)?,
            }
        }
        "StakeSwapped" => {
            let f = fields()?;
            StakeEvent::StakeSwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                from_netuid: f.netuid("origin_netuid", 2)?,
                to_netuid: f.netuid("destination_netuid", 3)?,
            }
        }
        "StakeAndHotkeyTransferred" => {
            let f = fields()?;
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
            let f = fields()?;
            let sells = match f.variant("order_type", 3)?.as_str() {
                "LimitBuy" => false,
                "TakeProfit" | "StopLoss" => true,
                // An order of another kind: what it moves is found in the balances.
                _ => return Ok(None),
            };
            // Sellers give alpha, buyers get alpha (docs/chain.md#orders-of-a-group).
            let alpha = if sells { f.rao("amount_in", 4)? } else { f.rao("amount_out", 5)? };
            StakeEvent::OrderExecuted {
                trader: f.coldkey("signer", 1)?,
                netuid: f.netuid("netuid", 2)?,
                sells,
                alpha,
            }
        }
        "GroupExecutionSummary" => {
            let f = fields()?;
            StakeEvent::OrdersGrouped {
                netuid: f.netuid("netuid", 0)?,
                orders: f.count("executed_count", 4)?,
            }
        }
        "SubnetLeaseDividendsDistributed" => {
            let f = fields()?;
            StakeEvent::LeaseDividend { contributor: f.coldkey("contributor", 1)?, alpha: f.rao("alpha", 2)? }
        }
        "SharePoolDenominatorReconciled" => {
            let f = fields()?;
            StakeEvent::PoolReconciled { hotkey: f.hotkey("hotkey", 0)?, netuid: f.netuid("netuid", 1)? }
        }
        "SubnetOwnerChanged" => {
            let f = fields()?;
            StakeEvent::OwnerChanged { netuid: f.netuid("netuid", 0)?, new: f.coldkey("new_coldkey", 2)? }
        }
        "AlphaRecycled" => {
            let f = fields()?;
            StakeEvent::AlphaRecycled {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                alpha: f.rao("alpha", 2)?,
                netuid: f.netuid("netuid", 3)?,
            }
        }
        "AlphaBurned" => {
            let f = fields()?;
            StakeEvent::AlphaBurned {
                coldkey: f.coldkey("coldkey", 0)?,
                hotkey: f.hotkey("hotkey", 1)?,
                alpha: f.rao("alpha", 2)?,
                netuid: f.netuid("netuid", 3)?,
            }
        }
        "TransactionFeePaidWithAlpha" => {
            let f = fields()?;
            StakeEvent::FeePaidWithAlpha { who: f.coldkey("who", 0)?, alpha: f.rao("alpha_fee", 2)? }
        }
        "IncentiveAlphaEmittedToMiners" => {
            let f = fields()?;
            let index = f.number("netuid", 0)?;
            StakeEvent::IncentiveEmitted {
                netuid: NetUid(index % MECHANISM_STRIDE),
                mechanism: index / MECHANISM_STRIDE,
                emissions: f.raos("emissions", 1)?,
            }
        }
        "AutoStakeAdded" => {
            let f = fields()?;
            StakeEvent::AutoStakeAdded {
                netuid: f.netuid("netuid", 0)?,
                destination: f.hotkey("destination", 1)?,
                hotkey: f.hotkey("hotkey", 2)?,
                owner: f.coldkey("owner", 3)?,
                incentive: f.rao("incentive", 4)?,
            }
        }
        "RootClaimed" => StakeEvent::RootClaimed { coldkey: fields()?.coldkey("coldkey", 0)? },
        "HotkeySwapped" => {
            let f = fields()?;
            StakeEvent::HotkeySwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                old: f.hotkey("old_hotkey", 1)?,
                new: f.hotkey("new_hotkey", 2)?,
                netuid: None,
            }
        }
        "HotkeySwappedOnSubnet" => {
            let f = fields()?;
            StakeEvent::HotkeySwapped {
                coldkey: f.coldkey("coldkey", 0)?,
                old: f.hotkey("old_hotkey", 1)?,
                new: f.hotkey("new_hotkey", 2)?,
                netuid: Some(f.netuid("netuid", 3)?),
            }
        }
        "ColdkeySwapped" => {
            let f = fields()?;
            StakeEvent::ColdkeySwapped {
                old: f.coldkey("old_coldkey", 0)?,
                new: f.coldkey("new_coldkey", 1)?,
            }
        }
        "NetworkRemoved" => StakeEvent::NetworkRemoved { netuid: fields()?.netuid("netuid", 0)? },
        "EpochSkipped" => StakeEvent::EpochSkipped { netuid: fields()?.netuid("netuid", 0)? },
        "EpochDeferred" => StakeEvent::EpochDeferred { netuid: fields()?.netuid("netuid", 0)? },
        "EpochTriggered" => StakeEvent::EpochTriggered { netuid: fields()?.netuid("netuid", 0)? },
        _ => return Ok(None),
    }))
}

/// The fields of `StakeAdded` and `StakeRemoved` in this runtime. The oldest have (coldkey, hotkey, tao,
/// netuid); later ones have alpha before the netuid, and then the fee after it.
struct StakeShape {
    netuid: usize,
    alpha: bool,
    fee: bool,
}

impl StakeShape {
    fn of(fields: &EventFields<'_>) -> Result<Self, ChainError> {
        match fields.len() {
            0..=3 => Err(ChainError::Unsupported(
                "the runtime is too old: its stake events do not say on which subnet they were; start the \
                record at a later block"
                    .into(),
            )),
            4 => Ok(Self { netuid: 3, alpha: false, fee: false }),
            count => Ok(Self { netuid: 4, alpha: true, fee: count > 5 }),
        }
    }
}
