//! Who is connected, and who gives way when there is no more room.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// Who is at the other end, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// From another host, without the token so far.
    Stranger,
    /// From this host: the validator beside us.
    Local,
    /// Has given the token.
    Proven,
}

impl Standing {
    /// Of a connection that has asked for nothing yet.
    pub fn of(peer: IpAddr) -> Self {
        if peer.to_canonical().is_loopback() { Self::Local } else { Self::Stranger }
    }
}

/// How many may be connected at once, by what is known of them: nobody takes the room of those better known.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub strangers: usize,
    pub local: usize,
    pub proven: usize,
}

impl Room {
    /// Three times 256, each a file: with those of the database and the chain under the 1,024 that a process
    /// may usually open.
    pub const USUAL: Self = Self { strangers: 256, local: 256, proven: 256 };

    const fn of(self, standing: Standing) -> usize {
        match standing {
            Standing::Stranger => self.strangers,
            Standing::Local => self.local,
            Standing::Proven => self.proven,
        }
    }
}

/// All connections.
pub struct Connections {
    room: Room,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// Counts arrivals and requests: what happened when, without a clock.
    turn: u64,
    all: BTreeMap<u64, Connection>,
}

struct Connection {
    standing: Standing,
    /// Requests that are being answered.
    asking: usize,
    /// The turn of its last request, or of its arrival.
    last: u64,
    close: Arc<Notify>,
}

impl Connections {
    pub fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, table: Mutex::default() })
    }

    /// Lets one in, for whom another one of the same standing may have to go. `None` where there is no room.
    pub fn admit(self: &Arc<Self>, standing: Standing) -> Option<Guest> {
        let mut table = self.table();
        if !table.make_room(standing, self.room) {
            return None;
        }
        let (id, last) = (table.next, table.turn());
        table.next = id.wrapping_add(1);
        let close = Arc::new(Notify::new());
        table.all.insert(id, Connection { standing, asking: 0, last, close: Arc::clone(&close) });
        Some(Guest { id, connections: Arc::clone(self), close })
    }

    /// Sends away all that are not being answered: those who only wait would hold up the end.
    pub fn close_idle(&self) {
        for connection in self.table().all.values().filter(|connection| connection.asking == 0) {
            connection.close.notify_one();
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn turn(&mut self) -> u64 {
        self.turn = self.turn.wrapping_add(1);
        self.turn
    }

    /// Whether there is room for one more. Where there is none, the one goes that has asked for nothing for
    /// the longest time. One that is being answered does not go, unless it is a stranger: a stranger that
    /// keeps its answer coming would keep out those who have a token to show.
    fn make_room(&mut self, standing: Standing, room: Room) -> bool {
        let alike = || self.all.iter().filter(|(_, other)| other.standing == standing);
        if alike().count() < room.of(standing) {
            return true;
        }
        let longest = alike()
            .filter(|(_, other)| other.asking == 0 || standing == Standing::Stranger)
            .min_by_key(|(_, other)| (other.asking > 0, other.last))
            .map(|(id, _)| *id);
        match longest.and_then(|id| self.all.remove(&id)) {
            Some(gone) => {
                gone.close.notify_one();
                true
            }
            None => false,
        }
    }
}

/// A connection that was let in, until it is dropped.
pub struct Guest {
    id: u64,
    connections: Arc<Connections>,
    close: Arc<Notify>,
}

impl Guest {
    /// Waits until it has to give way.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let close = Arc::clone(&self.close);
        async move { close.notified().await }
    }

    /// It asks for something, until the answer is dropped.
    pub fn asks(self: &Arc<Self>) -> Asking {
        let mut table = self.connections.table();
        let turn = table.turn();
        if let Some(connection) = table.all.get_mut(&self.id) {
            connection.asking = connection.asking.saturating_add(1);
            connection.last = turn;
        }
        Asking(Arc::clone(self))
    }

    /// It has given the token.
    pub fn prove(&self) {
        let mut table = self.connections.table();
        if table.all.get(&self.id).is_none_or(|connection| connection.standing == Standing::Proven) {
            return;
        }
        if table.make_room(Standing::Proven, self.connections.room)
            && let Some(connection) = table.all.get_mut(&self.id)
        {
            connection.standing = Standing::Proven;
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.connections.table().all.remove(&self.id);
    }
}

/// A request that is being answered.
pub struct Asking(Arc<Guest>);

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(connection) = self.0.connections.table().all.get_mut(&self.0.id) {
            connection.asking = connection.asking.saturating_sub(1);
        }
    }
}

/// The body of an answer, with the request that it answers.
pub struct Answer<B> {
    pub body: B,
    pub _asking: Asking,
}

impl<B: Body + Unpin> Body for Answer<B> {
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

    fn room() -> Arc<Connections> {
        Connections::new(Room { strangers: 2, local: 1, proven: 1 })
    }

    fn enter(connections: &Arc<Connections>, standing: Standing) -> Arc<Guest> {
        Arc::new(connections.admit(standing).unwrap())
    }

    fn goes(guest: &Guest) -> bool {
        guest.closed().now_or_never().is_some()
    }

    #[test]
    fn strangers_take_nobodys_room_and_the_longest_idle_gives_way() {
        let all = room();
        let local = enter(&all, Standing::Local);
        let [one, other] = [enter(&all, Standing::Stranger), enter(&all, Standing::Stranger)];
        drop(one.asks());
        let third = enter(&all, Standing::Stranger);
        assert!(goes(&other) && !goes(&one) && !goes(&local));
        // All are being answered: the one that began first.
        let (_one, _third) = (one.asks(), third.asks());
        let fourth = enter(&all, Standing::Stranger);
        assert!(goes(&one) && !goes(&third) && !goes(&fourth) && !goes(&local));
        assert_eq!(all.table().all.len(), 3);
        drop((one, other, third, fourth, _one, _third));
        assert_eq!(all.table().all.len(), 1);
    }

    #[test]
    fn who_has_given_the_token_makes_room_for_strangers_and_keeps_its_own() {
        let all = room();
        let proven = enter(&all, Standing::Stranger);
        let asking = proven.asks();
        proven.prove();
        proven.prove();
        let strangers: Vec<_> = (0..10).map(|_| enter(&all, Standing::Stranger)).collect();
        assert!(!goes(&proven) && strangers.iter().filter(|guest| goes(guest)).count() == 8);
        // Its place is taken while it is answered: who proves itself then stays a stranger.
        strangers[9].prove();
        assert!(!goes(&proven));
        drop(asking);
        strangers[9].prove();
        assert!(goes(&proven));
    }

    #[test]
    fn one_that_is_answered_on_this_host_is_not_sent_away() {
        let all = room();
        let local = enter(&all, Standing::Local);
        let asking = local.asks();
        assert!(all.admit(Standing::Local).is_none());
        drop(asking);
        assert!(all.admit(Standing::Local).is_some() && goes(&local));
    }

    #[test]
    fn this_host_is_known_by_its_address() {
        for (address, standing) in [
            ("127.0.0.1", Standing::Local),
            ("127.8.0.1", Standing::Local),
            ("::1", Standing::Local),
            ("::ffff:127.0.0.1", Standing::Local),
            ("10.0.0.1", Standing::Stranger),
            ("2001:db8::1", Standing::Stranger),
        ] {
            assert_eq!(Standing::of(address.parse().unwrap()), standing, "{address}");
        }
    }

    /// What the unit lets the daemon open is well above what it lets in.
    #[test]
    fn the_service_may_open_more_files_than_there_are_connections() {
        let unit = include_str!("../../../deploy/vesting.service");
        let limit = unit.lines().find_map(|line| line.strip_prefix("LimitNOFILE=")).unwrap();
        let Room { strangers, local, proven } = Room::USUAL;
        assert!(limit.parse::<usize>().unwrap() >= 2 * (strangers + local + proven));
    }
}
