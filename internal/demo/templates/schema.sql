-- The CRM that the demo moves into. Every rule here is one that some record of
-- the legacy system breaks.

CREATE TABLE branches (
  id        {{identity}},
  code      varchar(8)  NOT NULL UNIQUE,
  name      varchar(60) NOT NULL,
  city      varchar(60),
  opened_on date,
  active    boolean     NOT NULL,
  legacy_id varchar(40)
);

CREATE TABLE customers (
  id             {{identity}},
  branch_id      bigint       NOT NULL REFERENCES branches (id),
  name           varchar(80)  NOT NULL,
  email          varchar(120) UNIQUE,
  phone          varchar(20),
  status         varchar(10)  NOT NULL,
  customer_since date,
  credit_limit   numeric(12,2) CHECK (credit_limit >= 0),
  newsletter     boolean      NOT NULL,
  source         varchar(20),
  legacy_id      varchar(40)
);

CREATE TABLE sites (
  id          {{identity}},
  customer_id bigint       NOT NULL REFERENCES customers (id),
  address     varchar(120) NOT NULL,
  postcode    varchar(10),
  city        varchar(60)  NOT NULL,
  legacy_id   varchar(40)
);

CREATE TABLE technicians (
  id        {{identity}},
  badge     varchar(10) NOT NULL UNIQUE,
  name      varchar(80) NOT NULL,
  branch_id bigint      NOT NULL REFERENCES branches (id),
  hired_on  date,
  certified boolean     NOT NULL
);

CREATE TABLE jobs (
  id            {{identity}},
  customer_id   bigint       NOT NULL REFERENCES customers (id),
  site_id       bigint       NOT NULL REFERENCES sites (id),
  technician_id bigint       REFERENCES technicians (id),
  opened_at     timestamp    NOT NULL,
  status        varchar(12)  NOT NULL,
  hours         numeric(6,2) CHECK (hours >= 0),
  summary       varchar(120) NOT NULL,
  note          text,
  legacy_id     varchar(40)
);

CREATE TABLE invoices (
  id        {{identity}},
  number    varchar(20)   NOT NULL UNIQUE,
  job_id    bigint        NOT NULL REFERENCES jobs (id),
  issued_on date          NOT NULL,
  due_on    date,
  amount    numeric(12,2) NOT NULL CHECK (amount >= 0),
  currency  varchar(3)    NOT NULL,
  paid      boolean       NOT NULL,
  memo      text          NOT NULL,
  legacy_id varchar(40)
);
