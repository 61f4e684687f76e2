//! A PostgreSQL server to test with: the one that `VESTING_TEST_POSTGRES_URL` names, or one that this process
//! starts from the programs on the machine.

#![allow(clippy::panic, clippy::expect_used, clippy::missing_panics_doc)] // for tests: it fails by panicking

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;

/// Makes a cluster, and prints its folder and the server's process id in one line. The server stops when the
/// input of the script ends, so it never outlives the process that started it. As root the script starts it
/// under another user, because PostgreSQL refuses to run as root.
const SCRIPT: &str = r#"
set -eu
folder=$(mktemp -d "${TMPDIR:-/tmp}/vesting-postgres.XXXXXX")
as=""
if [ "$(id -u)" = 0 ]; then
    user=nobody
    if id postgres > /dev/null 2>&1; then user=postgres; fi
    chown "$user" "$folder"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups --"
fi
cd "$folder"
$as "$PROGRAMS/initdb" -D data -A trust -U vesting -E UTF8 --no-locale -N > initdb.log 2>&1 ||
    { cat initdb.log >&2; exit 1; }
if openssl version > /dev/null 2>&1; then
    key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    openssl req -x509 $key -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
    -keyout server.key -out server.crt 2> /dev/null
    openssl req -x509 $key -subj "/CN=localhost" -keyout other.key -out other.crt 2> /dev/null
    chmod 600 server.key
    [ -z "$as" ] || chown "$user" server.key
    echo "ssl = on
ssl_cert_file = '$folder/server.crt'
ssl_key_file = '$folder/server.key'" >> data/postgresql.conf
fi
echo "local all all trust
hostssl all guarded 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 trust" > data/pg_hba.conf
echo "listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$folder'
max_connections = 300
fsync = off
$OPTIONS" >> data/postgresql.conf
$as "$PROGRAMS/postgres" -D data > server.log 2>&1 < /dev/null &
server=$!
trap 'kill -INT $server 2> /dev/null || true; wait $server 2> /dev/null || true; rm -rf "$folder"' EXIT
for try in $(seq 300); do
    if grep -q "ready to accept connections" server.log; then
        echo "$folder $server"
        cat > /dev/null
        exit 0
    fi
    kill -0 $server 2> /dev/null || break
    sleep 0.1
done
cat server.log >&2
exit 1
"#;

/// A server that this process started.
#[derive(Debug)]
pub struct Server {
    /// The folder of its files. `server.crt` is its certificate, `other.crt` is one that it does not use.
    pub folder: String,
    /// Its port on 127.0.0.1, where it demands TLS.
    pub port: u16,
    /// Its process id, so that a test can pause and continue it.
    pub process: u32,
    /// The server stops when this is closed.
    _alive: ChildStdin,
    _script: Child,
}

impl Server {
    /// Starts a server. `options` are lines for its configuration file.
    ///
    /// # Errors
    /// What its programs report.
    pub fn start(options: &str) -> Result<Self, String> {
        let programs = option_env!("VESTING_POSTGRES_PROGRAMS")
            .ok_or("there are no programs of PostgreSQL on this machine")?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let mut script = Command::new("sh")
            .args(["-c", SCRIPT])
            .env("PROGRAMS", programs)
            .env("PORT", port.to_string())
            .env("OPTIONS", options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (input, output, errors) = (script.stdin.take(), script.stdout.take(), script.stderr.take());
        let mut line = String::new();
        BufReader::new(output.ok_or("no output")?).read_line(&mut line).map_err(|error| error.to_string())?;
        let told = line
            .trim()
            .split_once(' ')
            .and_then(|(folder, process)| Some((folder.to_owned(), process.parse().ok()?)));
        let Some((folder, process)) = told else {
            let mut why = String::new();
            errors.ok_or("no errors")?.read_to_string(&mut why).map_err(|error| error.to_string())?;
            return Err(format!("PostgreSQL does not start: {why}"));
        };
        Ok(Self { folder, port, process, _alive: input.ok_or("no input")?, _script: script })
    }

    /// The URL of its database, over its Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres:///postgres?user=vesting&host={}&port={}", self.folder, self.port)
    }
}

/// The URL of the server that all tests of this process share.
fn shared() -> &'static str {
    static SHARED: OnceLock<(String, Option<Server>)> = OnceLock::new();
    let (url, _) = SHARED.get_or_init(|| match std::env::var("VESTING_TEST_POSTGRES_URL") {
        Ok(url) => (url, None),
        Err(_) => {
            let server =
                Server::start("").unwrap_or_else(|why| panic!("no PostgreSQL server to test with: {why}"));
            (server.url(), Some(server))
        }
    });
    url
}

/// A schema on the server for one test. It is dropped together with this value.
#[derive(Debug)]
pub struct Database {
    /// The URL of the schema.
    pub url: String,
    base: String,
    schema: String,
}

impl Database {
    /// An empty schema on the server that all tests share.
    #[must_use]
    pub fn new() -> Self {
        Self::on(shared())
    }

    /// An empty schema on the server at a URL.
    #[must_use]
    pub fn on(base: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("vesting_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mark = if base.contains('?') { '&' } else { '?' };
        let new = Self {
            url: format!("{base}{mark}options=-csearch_path%3D{schema}"),
            base: base.to_owned(),
            schema,
        };
        sql(base, &format!("CREATE SCHEMA {}", new.schema));
        new
    }

    /// Its name, which is unique on the server.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Runs SQL statements in the schema.
    pub fn sql(&self, statements: &str) {
        sql(&self.url, statements);
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is gone needs no cleaning.
        if let Ok(mut conn) = PgConnection::establish(&self.base) {
            let _ = conn.batch_execute(&format!(
                "SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE",
                self.schema
            ));
        }
    }
}

/// The bytes that all tables of the URL's schema take, with their indexes.
#[must_use]
pub fn size(url: &str) -> u64 {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        size: i64,
    }
    let mut conn = PgConnection::establish(url).unwrap_or_else(|error| panic!("{error}"));
    let query = "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0)::bigint AS size FROM pg_class c \
                 WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace";
    let size: Size = diesel::sql_query(query).get_result(&mut conn).unwrap_or_else(|error| panic!("{error}"));
    u64::try_from(size.size).unwrap_or(0)
}

fn sql(url: &str, statements: &str) {
    let mut conn = PgConnection::establish(url).unwrap_or_else(|error| panic!("{error}"));
    conn.batch_execute(statements).unwrap_or_else(|error| panic!("{error}: {statements}"));
}

/// A test that needs a PostgreSQL server. It is ignored, with the reason, where there is none.
#[cfg(postgres_server)]
#[macro_export]
macro_rules! postgres_test {
    ($(#[$meta:meta])* async fn $name:ident() $body:block) => {
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() $body
    };
}

/// A test that needs a PostgreSQL server. It is ignored, with the reason, where there is none.
#[cfg(not(postgres_server))]
#[macro_export]
macro_rules! postgres_test {
    ($(#[$meta:meta])* async fn $name:ident() $body:block) => {
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "no PostgreSQL: name a server with VESTING_TEST_POSTGRES_URL, or install one"]
        async fn $name() $body
    };
}

/// A test that starts PostgreSQL servers of its own. It is ignored, with the reason, where the programs are
/// missing.
#[cfg(postgres_programs)]
#[macro_export]
macro_rules! own_postgres_test {
    ($(#[$meta:meta])* async fn $name:ident() $body:block) => {
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() $body
    };
}

/// A test that starts PostgreSQL servers of its own. It is ignored, with the reason, where the programs are
/// missing.
#[cfg(not(postgres_programs))]
#[macro_export]
macro_rules! own_postgres_test {
    ($(#[$meta:meta])* async fn $name:ident() $body:block) => {
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "the programs of PostgreSQL (initdb, postgres) are not on this machine: install them"]
        async fn $name() $body
    };
}
