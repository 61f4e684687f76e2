//! The contract of a store on PostgreSQL, and what is particular to a server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::Connection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use vesting_core::ports::{ReadRecord, StakeStore, StoreError, WriteRecord};
use vesting_core::{BlockHash, Flow, MemoryStore, NetUid};
use vesting_store::{DatabaseStore, migrate, open, open_existing};
use vesting_testkit::contract::store::{block, commits, plain, run, same};
use vesting_testkit::postgres::{Database, Server};
use vesting_testkit::{own_postgres_test, postgres_test};

use crate::{NETUID, refused};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

postgres_test! {
    async fn postgres_keeps_the_contract() {
        let databases = Mutex::new(Vec::new());
        run(async || {
            let database = Database::new();
            let store = open(&database.url).unwrap();
            databases.lock().unwrap().push(database);
            store
        })
        .await;
    }
}

postgres_test! {
    async fn a_record_on_a_server_outlives_its_store() {
        let database = Database::new();
        let memory = MemoryStore::new();
        for commit in commits(NETUID, 30, 5) {
            memory.commit(&commit).await.unwrap();
            // A new store for each commit, so that only the database keeps anything in between.
            DatabaseStore::open(&database.url).unwrap().commit(&commit).await.unwrap();
        }
        same(&DatabaseStore::open(&database.url).unwrap(), &memory, NETUID, 30).await;
        same(&DatabaseStore::open_read_only(&database.url).unwrap(), &memory, NETUID, 30).await;
    }
}

postgres_test! {
    async fn the_second_of_two_writers_on_a_server_stands_by() {
        let database = Database::new();
        let (one, other) =
            (DatabaseStore::open(&database.url).unwrap(), DatabaseStore::open(&database.url).unwrap());
        assert_eq!((one.claim(NETUID).await, one.claim(NETUID).await), (Ok(()), Ok(())));
        one.commit(&plain(NETUID, 1, None)).await.unwrap();
        let taken = other.claim(NETUID).await;
        let refused_by = |taken| match taken {
            Err(StoreError::OtherWriter { netuid: NETUID, by }) => by,
            other => panic!("{other:?}"),
        };
        assert!(refused_by(taken).contains("connected from"));
        let taken = other.commit(&plain(NETUID, 2, Some(block(1, 0)))).await;
        assert!(matches!(taken, Err(StoreError::OtherWriter { .. })), "{taken:?}");
        assert_eq!(other.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0), "all may read");
        assert_eq!(
            other.commit(&plain(NetUid(3), 1, None)).await,
            Ok(()),
            "another subnet is another record"
        );
        drop(one);
        let begun = Instant::now();
        while other.claim(NETUID).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is free when its holder has gone");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let late = other.commit(&plain(NETUID, 1, None)).await;
        assert!(matches!(late, Err(StoreError::NotNext { .. })), "{late:?}");
        assert_eq!(other.commit(&plain(NETUID, 2, Some(block(1, 0)))).await, Ok(()));
    }
}

postgres_test! {
    async fn records_in_two_schemas_are_two_records() {
        let (here, there) = (Database::new(), Database::new());
        let (one, other) = (open(&here.url).unwrap(), open(&there.url).unwrap());
        assert_eq!(one.bind_chain(BlockHash([1; 32])).await, Ok(()));
        assert_eq!(other.bind_chain(BlockHash([2; 32])).await, Ok(()));
        assert_eq!((one.claim(NETUID).await, other.claim(NETUID).await), (Ok(()), Ok(())));
    }
}

postgres_test! {
    async fn what_is_no_record_on_a_server_is_left_alone() {
        let database = Database::new();
        assert!(refused(open_existing(&database.url)).contains("vesting catch-up"));
        assert!(refused(migrate(&database.url)).contains("vesting catch-up"));
        database.sql("CREATE TABLE songs (name TEXT)");
        for said in [
            refused(open(&database.url)),
            refused(open_existing(&database.url)),
            refused(migrate(&database.url)),
        ] {
            assert!(said.contains("another program"), "{said}");
        }
        database.sql("DROP TABLE songs");
        drop(open(&database.url).unwrap());
        assert_eq!(migrate(&database.url), Ok(false));
        database.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')");
        for said in [refused(open(&database.url)), refused(open_existing(&database.url))] {
            assert!(said.contains("newer version"), "{said}");
        }
        let gone = database.url.replace("vesting_test_", "vesting_none_");
        assert!(refused(open(&gone)).contains("CREATE SCHEMA"));
    }
}

postgres_test! {
    async fn a_reader_of_a_server_cannot_write() {
        let database = Database::new();
        let writer = open(&database.url).unwrap();
        writer.commit(&plain(NETUID, 1, None)).await.unwrap();
        let reader = open_existing(&database.url).unwrap();
        let refusal = reader.commit(&plain(NETUID, 2, Some(block(1, 0)))).await;
        assert!(matches!(refusal, Err(StoreError::Unusable(_))), "{refusal:?}");
        writer.commit(&plain(NETUID, 2, Some(block(1, 0)))).await.unwrap();
        assert_eq!(reader.watermark(NETUID).await.unwrap().unwrap().block, block(2, 0));
    }
}

own_postgres_test! {
    async fn a_role_that_may_only_select_reads_all_there_is() {
        let server = Server::start("").unwrap();
        let database = Database::on(&server.url());
        let writer = open(&database.url).unwrap();
        let memory = MemoryStore::new();
        for commit in commits(NETUID, 30, 5) {
            memory.commit(&commit).await.unwrap();
            writer.commit(&commit).await.unwrap();
        }
        let schema = database.schema();
        database.sql(&format!(
            "CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA {schema} TO looker; GRANT SELECT ON ALL TABLES \
            IN SCHEMA {schema} TO looker"
        ));
        let url = database.url.replace("user=vesting", "user=looker");
        let reader = open_existing(&url).unwrap();
        same(&*reader, &memory, NETUID, 30).await;
        // It cannot write either.
        let other = open(&url).unwrap();
        let next = plain(NETUID, 31, Some(block(30, 0)));
        let taken = other.commit(&next).await;
        assert_eq!(taken, Err(StoreError::OtherWriter { netuid: NETUID, by: "another process".to_owned() }));
        drop(writer);
        let refused = loop {
            match other.commit(&next).await {
                Err(StoreError::OtherWriter { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                done => break done,
            }
        };
        let Err(StoreError::Unusable(why)) = &refused else { panic!("{refused:?}") };
        assert!(why.contains("permission denied"), "{why}");
        same(&*reader, &memory, NETUID, 30).await;
    }
}

/// Takes the tables of a database back to the first version, with their rows.
fn revert(database: &Database) {
    let mut conn = PgConnection::establish(&database.url).unwrap();
    let mut all = MigrationSource::<Pg>::migrations(&MIGRATIONS).unwrap();
    all.sort_by_key(|migration| migration.name().version().as_owned());
    assert!(all.len() > 1);
    all[1..].iter().rev().for_each(|migration| drop(conn.revert_migration(migration).unwrap()));
}

#[derive(QueryableByName, Debug, PartialEq)]
struct Definition {
    #[diesel(sql_type = Text)]
    definition: String,
}

/// The columns and the indexes of every table.
fn schema(database: &Database) -> Vec<Definition> {
    let mut conn = PgConnection::establish(&database.url).unwrap();
    // Columns in their order, without their numbers: a dropped column leaves a gap.
    let query = "SELECT format('%s %s %s %s', table_name, row_number() OVER (PARTITION BY table_name ORDER \
                 BY ordinal_position), \
                 column_name, data_type) AS definition \
                 FROM information_schema.columns WHERE table_schema = current_schema() \
                 UNION SELECT replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = \
                 current_schema() ORDER BY 1";
    diesel::sql_query(query).load(&mut conn).unwrap()
}

postgres_test! {
    async fn a_record_survives_every_schema_of_a_server() {
        let database = Database::new();
        let memory = MemoryStore::new();
        let store = open(&database.url).unwrap();
        let mut all = commits(NETUID, 60, 5);
        // The down migration loses their column.
        for change in all.iter_mut().flat_map(|commit| &mut commit.balance_changes) {
            change.by_flow.remove(&Flow::Corrected);
        }
        for commit in &all[..30] {
            memory.commit(commit).await.unwrap();
            store.commit(commit).await.unwrap();
        }
        drop(store);
        let today = schema(&database);
        revert(&database);
        assert_ne!(schema(&database), today);
        assert!(refused(open_existing(&database.url)).contains("vesting db migrate"));
        // The error names the obstacle, and the tables stay as they are.
        database.sql("CREATE TABLE open_tranches_by_coldkey (mine TEXT)");
        let before = schema(&database);
        assert!(refused(open(&database.url)).contains("open_tranches_by_coldkey"));
        assert_eq!(schema(&database), before);
        database.sql("DROP TABLE open_tranches_by_coldkey");
        assert_eq!((migrate(&database.url), migrate(&database.url)), (Ok(true), Ok(false)));
        assert_eq!(schema(&database), today);
        let store = open(&database.url).unwrap();
        same(&*store, &memory, NETUID, 30).await;
        for commit in &all[30..] {
            memory.commit(commit).await.unwrap();
            store.commit(commit).await.unwrap();
        }
        same(&*store, &memory, NETUID, 60).await;
    }
}

postgres_test! {
    async fn two_programs_may_open_a_new_database_at_once() {
        let database = Database::new();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..6).map(|_| scope.spawn(|| open(&database.url).map(drop))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    }
}

/// A server that is restarted, or drops its sessions.
fn signal(server: &Server, name: &str) {
    let status =
        std::process::Command::new("kill").args([name, &server.process.to_string()]).status().unwrap();
    assert!(status.success());
}

own_postgres_test! {
    async fn sessions_that_a_server_drops_are_made_anew() {
        let server = Server::start("").unwrap();
        let database = Database::on(&server.url());
        let store = open(&database.url).unwrap();
        let other = open(&database.url).unwrap();
        store.commit(&plain(NETUID, 1, None)).await.unwrap();
        assert_eq!(store.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0));
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
            AND application_name = 'vesting'";
        database.sql(others);
        assert_eq!(
            store.watermark(NETUID).await.unwrap().unwrap().block,
            block(1, 0),
            "a reader does not even notice"
        );
        let next = plain(NETUID, 2, Some(block(1, 0)));
        let lost = store.commit(&next).await;
        assert!(matches!(lost, Err(StoreError::Unreachable(_))), "{lost:?}");
        assert_eq!(store.commit(&next).await, Ok(()), "with a new session, and the right taken anew");
        // The quicker one has the right.
        database.sql(others);
        assert_eq!(other.claim(NETUID).await, Ok(()));
        let taken = store.claim(NETUID).await;
        assert!(matches!(taken, Err(StoreError::OtherWriter { .. })), "{taken:?}");
        let taken = store.commit(&plain(NETUID, 3, Some(block(2, 0)))).await;
        assert!(matches!(taken, Err(StoreError::OtherWriter { .. })), "{taken:?}");
        signal(&server, "-INT");
        let gone = async || loop {
            if let Err(error) = other.watermark(NETUID).await {
                break error;
            }
        };
        assert!(matches!(gone().await, StoreError::Unreachable(_)));
        let refused = open(&database.url).map(drop);
        let Err(StoreError::Unreachable(words)) = &refused else { panic!("{refused:?}") };
        assert!(words.contains(&server.folder), "{words}");
    }
}

own_postgres_test! {
    async fn over_tls_the_server_must_be_who_it_says() {
        let server = Server::start("").unwrap();
        let base = |options: &str| format!("postgres://vesting@localhost:{}/postgres?{options}", server.port);
        let vouched = |who: &str| base(&format!("sslmode=verify-full&sslrootcert={}/{who}", server.folder));
        let database = Database::on(&vouched("server.crt"));
        let store = open(&database.url).unwrap();
        store.commit(&plain(NETUID, 1, None)).await.unwrap();
        assert_eq!(store.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0));
        // The server itself reports that both connections are encrypted.
        database.sql(
            "DO $$ BEGIN ASSERT (SELECT count(*) >= 2 AND bool_and(s.ssl) FROM pg_stat_ssl s JOIN \
                      pg_stat_activity a USING (pid) \
                      WHERE a.application_name = 'vesting'); END $$",
        );
        for (url, words) in [
            (vouched("other.crt"), "certificate verify failed"),
            (base("sslmode=disable"), "no encryption"),
            (
                base(&format!("sslmode=verify-full&sslrootcert={}/server.crt", server.folder))
                    .replace("localhost", "127.0.0.1"),
                "does not match",
            ),
            (base("sslmode=require").replace("vesting@", "guarded:wrong@"), "authentication failed"),
        ] {
            let said = refused(open(&url));
            assert!(said.contains(words) && !said.contains("wrong"), "{said}");
        }
    }
}

own_postgres_test! {
    async fn a_password_with_odd_characters_works_percent_encoded_and_is_never_told() {
        let server = Server::start("").unwrap();
        let database =
            Database::on(&format!("postgres://vesting@localhost:{}/postgres?sslmode=require", server.port));
        database.sql(&format!(
            "CREATE ROLE guarded LOGIN PASSWORD 'Zq7?w@4/K:x%9#L m&2=R'; GRANT ALL ON SCHEMA {} TO guarded",
            database.schema()
        ));
        let with = |password: &str| database.url.replace("vesting@", &format!("guarded:{password}@"));
        let right = "Zq7%3Fw%404%2FK:x%259%23L%20m&2=R";
        // Also with a role that may not set its language.
        let store = open(&with(right)).unwrap();
        store.commit(&plain(NETUID, 1, None)).await.unwrap();
        assert_eq!(store.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0));
        for (password, words) in [
            (right.replace("%3F", "?"), "percent-encode"),
            (right.replace("%40", "@"), "percent-encode"),
            (right.replace("%2F", "/"), "percent-encode"),
            (right.replace("%25", "%"), "percent-encode"),
            (right.replace("%23", "#"), "percent-encode"),
            (right.replace("%20", " "), "percent-encode"),
            (right.replace('R', "S"), "authentication failed"),
        ] {
            let said = refused(open(&with(&password)));
            assert!(said.contains(words), "{password}: {said}");
            assert!(
                !["Zq7", "w@4", "w%404", "K:x", "L m", "2=R"].iter().any(|part| said.contains(part)),
                "{password}: {said}"
            );
        }
    }
}

postgres_test! {
    async fn a_server_is_asked_for_untranslated_words() {
        let database = Database::new();
        let store = open(&database.url).unwrap();
        store.commit(&plain(NETUID, 1, None)).await.unwrap();
        // The language of the session, as the server reports it.
        database.sql(
            "CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'speaks <%>', current_setting('lc_messages'); END $$; \
             CREATE TRIGGER speak BEFORE INSERT OR UPDATE ON blockchain_state FOR EACH ROW EXECUTE FUNCTION \
             speak()",
        );
        let refused = store.commit(&plain(NETUID, 2, Some(block(1, 0)))).await;
        let Err(StoreError::Unusable(words)) = &refused else { panic!("{refused:?}") };
        assert!(words.contains("speaks <C>"), "{words}");
    }
}

postgres_test! {
    async fn many_readers_and_a_writer_share_a_server() {
        let database = Database::new();
        let writer = open(&database.url).unwrap();
        let all = commits(NETUID, 40, 7);
        writer.commit(&all[0]).await.unwrap();
        let readers: Vec<Arc<dyn StakeStore>> =
            (0..4).map(|_| open_existing(&database.url).unwrap()).collect();
        let reading: Vec<_> = readers
            .iter()
            .flat_map(|reader| (0..12).map(|_| Arc::clone(reader)))
            .map(|reader| {
                tokio::spawn(async move {
                    let mut last = 0;
                    while last < 40 {
                        // Each answer is of one state: no row is later than the watermark.
                        let record = reader.record(NETUID).await.unwrap().unwrap();
                        let stands_at = record.watermark.block.number;
                        assert!(record.entries.iter().all(|entry| entry.block <= stands_at));
                        assert!(stands_at.0 >= last);
                        last = stands_at.0;
                    }
                })
            })
            .collect();
        for commit in &all[1..] {
            writer.commit(commit).await.unwrap();
        }
        for reader in reading {
            reader.await.unwrap();
        }
    }
}
