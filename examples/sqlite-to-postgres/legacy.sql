CREATE TABLE Customer (
  CustomerID integer PRIMARY KEY,
  Name       varchar(60) NOT NULL,
  Mail       varchar(60),
  Deleted    integer NOT NULL DEFAULT 0
);
INSERT INTO Customer VALUES
  (1041, 'Ada Lovelace', 'ADA@example.org', 0),
  (1042, 'Grace  Hopper', 'grace@example.org', 0),
  (1043, 'Gone', NULL, 1),
  (1044, 'Alan Turing', NULL, 0);

CREATE TABLE Job (
  JobNo      varchar(8) NOT NULL PRIMARY KEY,
  CustomerID integer NOT NULL,
  Opened     varchar(16),
  Hours      varchar(10)
);
INSERT INTO Job VALUES
  ('J-001', 1041, '2024-05-02 08:30', '1.5'),
  ('J-002', 1043, '2024-05-03 09:00', '2'),
  ('J-003', 1044, '2024-05-03 13:15', '-1');
