// Package sqlite speaks to SQLite files: connections, transactions, bulk
// inserts, the catalogue and the dialect. It calls the pure Go translation of
// SQLite's own API instead of database/sql, which turns columns declared as
// dates into times and so loses what the file holds.
//
// What it cannot do:
//   - keep more than 15 digits of a DECIMAL with a fraction: SQLite stores a
//     floating point number;
//   - keep a text that looks like a number in a column of unknown type (STRING,
//     say): SQLite itself turns '007' into 7 there;
//   - write from several lanes at a time: a second writer waits for the first;
//   - read one file while another connection commits to it, unless the file is
//     in WAL mode: the writer waits for the reader and gives up after a while;
//   - say which row breaks a deferred foreign key: it is found at the end of a
//     bulk insert or at the commit.
package sqlite
