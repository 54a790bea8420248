// Package postgres speaks to PostgreSQL: connections, transactions, COPY, the
// catalogue and the dialect. It works with PostgreSQL 12 and later.
//
// What it cannot do:
//   - write through a view: COPY needs a table (or partitioned table);
//   - compare values of types without equality (json, xml, point): IsDistinct
//     on such a column is refused by the server;
//   - write a table in binary COPY that has an enum, citext, an array or another
//     type without a form in formOf: such tables take text;
//   - keep NUL in text: PostgreSQL has none, such rows are refused;
//   - check the rules of a domain while shaping: they are left to the server;
//   - tell dates before the year 1, times of 24:00 and infinite dates as dates:
//     they are read as the text that the server prints.
package postgres
