CREATE TABLE branches (
  id        integer PRIMARY KEY,
  name      varchar(40) NOT NULL,
  legacy_id varchar(10)
);

CREATE TABLE customers (
  id        integer PRIMARY KEY,
  branch_id integer     NOT NULL REFERENCES branches (id),
  name      varchar(40) NOT NULL,
  email     varchar(60) UNIQUE,
  status    varchar(10) NOT NULL,
  since     date,
  legacy_id varchar(10)
);
