-- The database `shop`.
CREATE SCHEMA sales;
CREATE SCHEMA crm;
CREATE SCHEMA finance;
CREATE SCHEMA stock;

CREATE TABLE crm.customers (
    customer_id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name        text NOT NULL,
    email       text NOT NULL,
    street      text,
    city        text
);

CREATE TABLE sales.orders (
    order_id    integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    placed_on   date NOT NULL DEFAULT current_date,
    customer_id integer REFERENCES crm.customers,
    status      text NOT NULL DEFAULT 'placed',
    total       numeric(10, 2) NOT NULL
);

CREATE TABLE sales.order_lines (
    order_id integer NOT NULL REFERENCES sales.orders,
    line     integer NOT NULL,
    isbn     text NOT NULL,
    quantity integer NOT NULL,
    price    numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE sales.refunds (
    refund_id  integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    order_id   integer NOT NULL REFERENCES sales.orders,
    amount     numeric(10, 2) NOT NULL,
    reason     text NOT NULL,
    entered_on date NOT NULL DEFAULT current_date,
    paid_on    date
);

CREATE TABLE crm.tickets (
    ticket_id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    order_id  integer,
    opened_on date NOT NULL DEFAULT current_date,
    subject   text NOT NULL,
    text      text,
    status    text NOT NULL DEFAULT 'open'
);

CREATE TABLE finance.invoices (
    number   text PRIMARY KEY,
    supplier text NOT NULL,
    amount   numeric(10, 2) NOT NULL,
    due_on   date NOT NULL,
    paid_on  date,
    account  text NOT NULL
);

CREATE TABLE finance.payroll (
    person text NOT NULL,
    month  date NOT NULL,
    salary numeric(10, 2) NOT NULL,
    PRIMARY KEY (person, month)
);

CREATE TABLE stock.titles (
    isbn      text PRIMARY KEY,
    title     text NOT NULL,
    author    text NOT NULL,
    publisher text,
    price     numeric(10, 2) NOT NULL
);

CREATE TABLE stock.levels (
    isbn       text NOT NULL REFERENCES stock.titles,
    shelf      text NOT NULL,
    quantity   integer NOT NULL,
    reorder_at integer NOT NULL DEFAULT 2,
    PRIMARY KEY (isbn, shelf)
);
