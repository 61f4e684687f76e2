//! Limit orders, executed one by one or as a group.

use codec::Encode;
use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::block::hash;
use crate::sim::chain::rates::FEE;
use crate::sim::chain::state::SimChain;
use crate::sim::operation::Order;
use crate::sim::runtime::event::{self, EventRecord, OrderSide, OrderType, OrdersEvent, Phase, RuntimeEvent};
use crate::sim::runtime::generation::Generation;

/// The pallet's own coldkey and hotkey, through which a group is traded.
const PALLET: (Coldkey, Hotkey) = (Coldkey([0xa0; 32]), Hotkey([0xa1; 32]));

impl SimChain {
    /// Executes orders on a subnet. Returns whether any was executed.
    pub(in crate::sim) fn execute_orders(
        &mut self,
        phase: Phase,
        netuid: NetUid,
        orders: &[Order],
        grouped: bool,
    ) -> bool {
        if self.generation < Generation::Present || !self.subnets.contains_key(&netuid) {
            return false;
        }
        if grouped {
            self.trade_as_group(phase, netuid, orders)
        } else {
            self.trade_one_by_one(phase, netuid, orders)
        }
    }

    /// Executes each order as a trade with the subnet's pool, with a stake event and an order event.
    fn trade_one_by_one(&mut self, phase: Phase, netuid: NetUid, orders: &[Order]) -> bool {
        let mut any = false;
        for order in orders {
            let Order { trader, hotkey, sells, alpha } = *order;
            if sells {
                if !self.may_leave(netuid, hotkey, trader, alpha) {
                    continue;
                }
                let taken = self.debit(netuid, hotkey, trader, alpha);
                if taken == 0 {
                    continue;
                }
                self.removed(phase, trader, hotkey, netuid, taken, taken / FEE);
                self.paid(trader, taken);
                self.executed(phase, netuid, order, taken);
            } else {
                if alpha == 0 || !self.owners.contains_key(&hotkey) {
                    continue;
                }
                self.bought(phase, trader, hotkey, netuid, alpha);
                self.executed(phase, netuid, order, alpha);
            }
            any = true;
        }
        any
    }

    /// Executes all orders as one group (docs/chain.md#orders-of-a-group).
    ///
    /// The sellers' alpha goes to the pallet's account and from there to the buyers, without stake events.
    /// The pallet's account trades only the difference with the subnet's pool.
    fn trade_as_group(&mut self, phase: Phase, netuid: NetUid, orders: &[Order]) -> bool {
        self.own(PALLET.1, PALLET.0);
        let mut sold: Vec<(Order, u64)> = Vec::new();
        for order in orders.iter().filter(|order| order.sells) {
            if self.may_leave(netuid, order.hotkey, order.trader, order.alpha) {
                let taken = self.debit(netuid, order.hotkey, order.trader, order.alpha);
                self.credit(netuid, PALLET.1, PALLET.0, taken);
                sold.extend((taken > 0).then_some((*order, taken)));
            }
        }
        let buys = orders
            .iter()
            .filter(|order| !order.sells && order.alpha > 0 && self.owners.contains_key(&order.hotkey));
        let bought: Vec<Order> = buys.copied().collect();
        let (given, wanted) = (
            sold.iter().map(|(_, alpha)| alpha).sum::<u64>(),
            bought.iter().map(|order| order.alpha).sum::<u64>(),
        );
        if sold.is_empty() && bought.is_empty() {
            return false;
        }
        let (over, short) = (given.saturating_sub(wanted), wanted.saturating_sub(given));
        if over > 0 {
            let taken = self.debit(netuid, PALLET.1, PALLET.0, over);
            self.removed(phase, PALLET.0, PALLET.1, netuid, taken, taken / FEE);
        } else if short > 0 {
            self.added(phase, PALLET.0, PALLET.1, netuid, short);
        }
        for order in &bought {
            let given = self.debit(netuid, PALLET.1, PALLET.0, order.alpha);
            self.credit(netuid, order.hotkey, order.trader, given);
            self.point(order.trader, order.hotkey);
            self.accounts.spend(order.trader, given / 2);
            self.executed(phase, netuid, order, given);
        }
        for (order, taken) in &sold {
            self.paid(order.trader, *taken);
            self.executed(phase, netuid, order, *taken);
        }
        let summary = OrdersEvent::GroupExecutionSummary {
            netuid: event::NetUid(netuid.0),
            net_side: if over > 0 { OrderSide::Sell } else { OrderSide::Buy },
            net_amount: if over > 0 { over } else { short / 2 },
            actual_out: if over > 0 { over / 2 } else { short },
            executed_count: u32::try_from(bought.len() + sold.len()).unwrap_or(u32::MAX),
        };
        self.tell(phase, summary);
        true
    }

    /// Emits the event of an order that bought or sold this much alpha.
    fn executed(&mut self, phase: Phase, netuid: NetUid, order: &Order, alpha: u64) {
        let (amount_in, amount_out) = if order.sells { (alpha, alpha / 2) } else { (alpha / 2, alpha) };
        let order_type = if !order.sells {
            OrderType::LimitBuy
        } else if alpha.is_multiple_of(2) {
            OrderType::TakeProfit
        } else {
            OrderType::StopLoss
        };
        let (id, signer) = ((order.trader.0, order.hotkey.0, alpha).encode(), order.trader.into());
        let order_id = hash(&id).0;
        self.tell(
            phase,
            OrdersEvent::OrderExecuted {
                order_id,
                signer,
                netuid: event::NetUid(netuid.0),
                order_type,
                amount_in,
                amount_out,
            },
        );
    }

    fn tell(&mut self, phase: Phase, event: OrdersEvent) {
        self.events.push(EventRecord { phase, event: RuntimeEvent::LimitOrders(event), topics: Vec::new() });
    }
}
