package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"

	"kassa/internal/seal"
)

// conn is one connection with its prepared statements. One goroutine uses it at a time. The driver
// is called directly: through database/sql every read costs about half as much again.
type conn struct {
	raw   driver.Conn
	stmts map[string]*stmt
	args  []driver.NamedValue // reused by every call
	seal  *seal.Box
	// failed is the first error that ends a batch, kept even if a caller's function swallows it.
	failed error
	health *health // told of damage; nil: nobody is
}

// stmt is a statement of the driver, and where its rows are read to.
type stmt struct {
	raw interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	row row
}

func connect(dsn string, box *seal.Box) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, stmts: make(map[string]*stmt), seal: box}, nil
}

// close finalizes every statement first: SQLite keeps the -wal file when one is left.
func (c *conn) close() error {
	var errs []error
	for text, s := range c.stmts {
		errs = append(errs, s.raw.Close())
		delete(c.stmts, text)
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// prepare gives the statement for a text, made once per connection.
func (c *conn) prepare(text string) (*stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	raw, err := c.raw.Prepare(text)
	if err != nil {
		return nil, err
	}
	s := &stmt{}
	var ok bool
	if s.raw, ok = raw.(interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}); !ok {
		return nil, fmt.Errorf("sqlite: the driver's statement is a %T", raw)
	}
	c.stmts[text] = s
	return s, nil
}

// bind lends the arguments to the driver. It copies them before it returns.
func (c *conn) bind(args []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, v := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// note remembers an error that ends the batch, and translates every error.
func (c *conn) note(err error) error {
	if c.failed == nil && endsBatch(err) {
		c.failed = err
	}
	c.health.note(err)
	return translate(err)
}

// exec runs a statement that gives no rows, and gives the number of rows that it changed. It never
// runs under a caller's context: SQLite answers an interrupted write by rolling back everybody's.
func (c *conn) exec(text string, args ...driver.Value) (int64, error) {
	s, err := c.prepare(text)
	if err != nil {
		return 0, c.note(err)
	}
	res, err := s.raw.ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, c.note(err)
	}
	n, err := res.RowsAffected()
	return n, c.note(err)
}

// query reads all rows of a statement. each is called for every row and must not keep it, nor run
// another statement of the same text. Rows are always drained and closed: an open read would hold
// up COMMIT and the WAL.
func (c *conn) query(text string, each func(r *row) error, args ...driver.Value) (err error) {
	s, err := c.prepare(text)
	if err != nil {
		return c.note(err)
	}
	rows, err := s.raw.QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return c.note(err)
	}
	defer func() {
		if cerr := rows.Close(); err == nil && cerr != nil {
			err = c.note(cerr)
		}
	}()
	r := &s.row
	r.c = c
	if n := len(rows.Columns()); len(r.vals) != n {
		r.vals = make([]driver.Value, n)
	}
	for {
		if err := rows.Next(r.vals); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return c.note(err)
		}
		r.next, r.err = 0, nil
		if err := each(r); err != nil {
			return err
		}
		if r.err != nil {
			return internal(r.err)
		}
	}
}

// one reads the first row of a statement by scan; CodeNotFound when there is none.
func one[T any](c *conn, noun string, scan func(r *row, v *T), text string, args ...driver.Value) (v T, err error) {
	found := false
	err = c.query(text, func(r *row) error {
		if !found {
			found = true
			scan(r, &v)
		}
		return nil
	}, args...)
	if err == nil && !found {
		err = notFound(noun)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// all reads every row of a statement by scan.
func all[T any](c *conn, scan func(r *row, v *T), text string, args ...driver.Value) ([]T, error) {
	var out []T
	err := c.query(text, func(r *row) error {
		out = append(out, *new(T))
		scan(r, &out[len(out)-1])
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// insert runs an INSERT of one row.
func (c *conn) insert(text string, args ...driver.Value) error {
	_, err := c.exec(text, args...)
	return err
}

// swap runs the UPDATE of a versioned row, whose last two arguments are its id and the version that
// it must still have. No row changed means that the version was another one, or that there is no row.
func (c *conn) swap(noun, exists, text string, args ...driver.Value) error {
	n, err := c.exec(text, args...)
	if err != nil || n == 1 {
		return err
	}
	return c.lost(noun, exists, args[len(args)-2])
}

// lost tells why a compare-and-swap changed nothing.
func (c *conn) lost(noun, exists string, id driver.Value) error {
	if _, err := one(c, noun, func(r *row, v *int64) { *v = r.int() }, exists, id); err != nil {
		return err
	}
	return changedMeanwhile(noun)
}
