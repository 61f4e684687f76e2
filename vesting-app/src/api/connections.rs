//! All connections, and which one is closed when there is no more room.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// Who is at the other end of a connection, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// From another host, and has not shown the token yet.
    Remote,
    /// From this host, as the validator beside us.
    Local,
    /// Has shown the token.
    Authenticated,
}

impl Caller {
    /// Who a new connection is from.
    pub fn of(peer: IpAddr) -> Self {
        if peer.to_canonical().is_loopback() { Self::Local } else { Self::Remote }
    }
}

/// How many connections there may be at once. Each kind of caller has room of its own, which no other takes.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub remote: usize,
    pub local: usize,
    pub authenticated: usize,
}

impl ConnectionLimits {
    /// Each connection is an open file. With those of the database and the chain, these are fewer than the
    /// 1,024 that a process may usually open.
    pub const USUAL: Self = Self { remote: 256, local: 256, authenticated: 256 };

    const fn of(self, caller: Caller) -> usize {
        match caller {
            Caller::Remote => self.remote,
            Caller::Local => self.local,
            Caller::Authenticated => self.authenticated,
        }
    }
}

/// All connections.
pub struct Connections {
    limits: ConnectionLimits,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next_id: u64,
    /// Counts new connections and requests: a time without a clock.
    turn: u64,
    by_id: BTreeMap<u64, Entry>,
}

struct Entry {
    caller: Caller,
    /// How many of its requests are being answered.
    requests: usize,
    /// The turn of its last request; before the first one, the turn in which it was made.
    last_used: u64,
    close: Arc<Notify>,
}

impl Connections {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, table: Mutex::default() })
    }

    /// Admits a connection. One of the same kind of caller may be closed for it. `None` where there is no
    /// room.
    pub fn admit(self: &Arc<Self>, caller: Caller) -> Option<Connection> {
        let mut table = self.table();
        if !table.make_room(caller, self.limits) {
            return None;
        }
        let (id, last_used) = (table.next_id, table.turn());
        table.next_id = id.wrapping_add(1);
        let close = Arc::new(Notify::new());
        table.by_id.insert(id, Entry { caller, requests: 0, last_used, close: Arc::clone(&close) });
        Some(Connection { id, connections: Arc::clone(self), close })
    }

    /// Closes all connections without a request that is being answered. The end would wait for them
    /// otherwise.
    pub fn close_idle(&self) {
        for idle in self.table().by_id.values().filter(|entry| entry.requests == 0) {
            idle.close.notify_one();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn turn(&mut self) -> u64 {
        self.turn = self.turn.wrapping_add(1);
        self.turn
    }

    /// Makes room for one more, and says whether there is any.
    ///
    /// Where there is none, the connection that has been idle for the longest time is closed. One that is
    /// being answered stays, unless it is remote: a remote caller that takes its answer slowly would keep out
    /// callers with a token.
    fn make_room(&mut self, caller: Caller, limits: ConnectionLimits) -> bool {
        let of_this_kind = || self.by_id.iter().filter(|(_, entry)| entry.caller == caller);
        if of_this_kind().count() < limits.of(caller) {
            return true;
        }
        let longest_idle = of_this_kind()
            .filter(|(_, entry)| entry.requests == 0 || caller == Caller::Remote)
            .min_by_key(|(_, entry)| (entry.requests > 0, entry.last_used))
            .map(|(id, _)| *id);
        match longest_idle.and_then(|id| self.by_id.remove(&id)) {
            Some(closed) => {
                closed.close.notify_one();
                true
            }
            None => false,
        }
    }
}

/// A connection that was admitted. Dropping it makes room.
pub struct Connection {
    id: u64,
    connections: Arc<Connections>,
    close: Arc<Notify>,
}

impl Connection {
    /// Waits until it has to be closed.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let close = Arc::clone(&self.close);
        async move { close.notified().await }
    }

    /// Begins a request, which lasts until what is returned is dropped.
    pub fn begin_request(self: &Arc<Self>) -> RequestInProgress {
        let mut table = self.connections.table();
        let turn = table.turn();
        if let Some(entry) = table.by_id.get_mut(&self.id) {
            entry.requests = entry.requests.saturating_add(1);
            entry.last_used = turn;
        }
        RequestInProgress(Arc::clone(self))
    }

    /// Counts it among the authenticated ones from now on, where there is room among them.
    pub fn authenticate(&self) {
        let mut table = self.connections.table();
        if table.by_id.get(&self.id).is_none_or(|entry| entry.caller == Caller::Authenticated) {
            return;
        }
        if table.make_room(Caller::Authenticated, self.connections.limits)
            && let Some(entry) = table.by_id.get_mut(&self.id)
        {
            entry.caller = Caller::Authenticated;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.table().by_id.remove(&self.id);
    }
}

/// A request that is being answered.
pub struct RequestInProgress(Arc<Connection>);

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        if let Some(entry) = self.0.connections.table().by_id.get_mut(&self.0.id) {
            entry.requests = entry.requests.saturating_sub(1);
        }
    }
}

/// The body of an answer. Its request is in progress until the body is sent.
pub struct AnswerBody<B> {
    pub body: B,
    pub _request: RequestInProgress,
}

impl<B: Body + Unpin> Body for AnswerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn connections() -> Arc<Connections> {
        Connections::new(ConnectionLimits { remote: 2, local: 1, authenticated: 1 })
    }

    fn enter(connections: &Arc<Connections>, caller: Caller) -> Arc<Connection> {
        Arc::new(connections.admit(caller).unwrap())
    }

    fn is_closed(connection: &Connection) -> bool {
        connection.closed().now_or_never().is_some()
    }

    #[test]
    fn remote_callers_take_no_others_room_and_the_longest_idle_is_closed() {
        let all = connections();
        let local = enter(&all, Caller::Local);
        let [one, other] = [enter(&all, Caller::Remote), enter(&all, Caller::Remote)];
        drop(one.begin_request());
        let third = enter(&all, Caller::Remote);
        assert!(is_closed(&other) && !is_closed(&one) && !is_closed(&local));
        // All are being answered: the one that began first is closed.
        let (_one, _third) = (one.begin_request(), third.begin_request());
        let fourth = enter(&all, Caller::Remote);
        assert!(is_closed(&one) && !is_closed(&third) && !is_closed(&fourth) && !is_closed(&local));
        assert_eq!(all.table().by_id.len(), 3);
        drop((one, other, third, fourth, _one, _third));
        assert_eq!(all.table().by_id.len(), 1);
    }

    #[test]
    fn a_caller_with_the_token_makes_room_for_remote_ones_and_keeps_its_own() {
        let all = connections();
        let known = enter(&all, Caller::Remote);
        let asking = known.begin_request();
        known.authenticate();
        known.authenticate();
        let remote: Vec<_> = (0..10).map(|_| enter(&all, Caller::Remote)).collect();
        assert!(!is_closed(&known) && remote.iter().filter(|remote| is_closed(remote)).count() == 8);
        // The only place is taken while it is answered: a caller that shows the token then stays a remote
        // one.
        remote[9].authenticate();
        assert!(!is_closed(&known));
        drop(asking);
        remote[9].authenticate();
        assert!(is_closed(&known));
    }

    #[test]
    fn a_local_connection_is_not_closed_while_it_is_answered() {
        let all = connections();
        let local = enter(&all, Caller::Local);
        let asking = local.begin_request();
        assert!(all.admit(Caller::Local).is_none());
        drop(asking);
        assert!(all.admit(Caller::Local).is_some() && is_closed(&local));
    }

    #[test]
    fn this_host_is_known_by_its_address() {
        for (address, caller) in [
            ("127.0.0.1", Caller::Local),
            ("127.8.0.1", Caller::Local),
            ("::1", Caller::Local),
            ("::ffff:127.0.0.1", Caller::Local),
            ("10.0.0.1", Caller::Remote),
            ("2001:db8::1", Caller::Remote),
        ] {
            assert_eq!(Caller::of(address.parse().unwrap()), caller, "{address}");
        }
    }

    /// The service's unit lets the daemon open well more files than it admits connections.
    #[test]
    fn the_service_may_open_more_files_than_there_are_connections() {
        let unit = include_str!("../../../deploy/vesting.service");
        let limit = unit.lines().find_map(|line| line.strip_prefix("LimitNOFILE=")).unwrap();
        let ConnectionLimits { remote, local, authenticated } = ConnectionLimits::USUAL;
        assert!(limit.parse::<usize>().unwrap() >= 2 * (remote + local + authenticated));
    }
}
