package crosswalk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Space is row numbers of which keys are made: one key for each, the base and
// the number, unique over all tables of the space. What it calls numbers are
// keys, the base included.
type Space struct {
	books *books.Books
	Name  string
	Base  int64
	Seats []Seat
	// Others are columns that hold keys of the space and that the mapping does not
	// name: those of other migrations, and of entities that it names no more.
	Others []Seat
	// Blank says that the database has no books yet, or none of the version that
	// keeps row numbers.
	Blank bool
}

// Seat is a column that holds keys of the space: a table's key, or its registry.
type Seat struct {
	Table   sqldb.Name
	Form    Form
	TableID int64 // of a key's table in the books; 0 for a registry, and where the books do not know it
	Gone    bool  // the table has no such column any more: only the books know of its keys
}

// highest is the highest number up to some that the column has room for.
func (s *Seat) highest(to int64) int64 { return min(to, s.Form.Highest()) }

// NewSpace is a space without seats.
func NewSpace(b *books.Books, name string, base int64) *Space {
	return &Space{books: b, Name: name, Base: base}
}

// Seat adds a column.
func (s *Space) Seat(seat Seat) {
	if !slices.ContainsFunc(s.Seats, func(other Seat) bool {
		return other.Table == seat.Table && other.Form.Column.Name == seat.Form.Column.Name
	}) {
		s.Seats = append(s.Seats, seat)
	}
}

// Highest is the highest number for which every column has room.
func (s *Space) Highest() int64 {
	highest := s.Seats[0].Form.Highest()
	for _, seat := range s.Seats {
		highest = min(highest, seat.Form.Highest())
	}
	return highest
}

// all are the columns that hold keys of the space.
func (s *Space) all() []Seat { return slices.Concat(s.Seats, s.Others) }

// tableIDs lists the tables as the books number them.
func (s *Space) tableIDs() string {
	var ids []string
	for _, seat := range s.all() {
		if seat.TableID != 0 {
			ids = append(ids, strconv.FormatInt(seat.TableID, 10))
		}
	}
	if len(ids) == 0 {
		return "0"
	}
	return strings.Join(ids, ", ")
}

// allDigits is the condition that a text is digits and nothing else.
func allDigits(expr string) string { return "ltrim(" + expr + ", '0123456789') = ''" }

// Used is the highest number that is or ever was in use: in the tables, in their
// registries, in the crosswalk, or reserved by a run. It is the base where there
// is none.
func (s *Space) Used(ctx context.Context, tx sqldb.Tx) (int64, error) {
	used := s.Base
	note := func(form Form) func([]record.Value) error {
		return func(row []record.Value) error {
			if n, ok := form.Number(row[len(row)-1].String()); ok {
				used = max(used, n)
			}
			return nil
		}
	}
	dialect := s.books.Dialect()
	for _, seat := range s.all() {
		name, form := dialect.Quote(seat.Form.Column.Name), seat.Form
		highest := form.Value(seat.highest(s.Highest()))
		query := fmt.Sprintf("SELECT max(%s) FROM %s WHERE %[1]s <= %[3]s", name, dialect.QuoteName(seat.Table), dialect.Typed(dialect.Placeholder(1), form.Column))
		if form.Column.Type.Kind == record.KindText {
			text := dialect.AsText(name)
			query = fmt.Sprintf("SELECT max(%s) FROM %s WHERE length(%s) = %d AND %s AND %s <= %s", text, dialect.QuoteName(seat.Table), name, form.Width, allDigits(name), text, dialect.Placeholder(1))
		}
		if !seat.Gone {
			if err := sqldb.Each(ctx, tx, note(form), query, highest); err != nil {
				return 0, err
			}
		}
		if s.Blank || seat.TableID == 0 {
			continue
		}
		// The longest text of digits is the highest number, and among texts of one
		// length the last.
		text := s.books.Dialect().AsText("target_key")
		top := form.Text(seat.highest(s.Highest()))
		err := s.books.Query(ctx, tx, note(form), "SELECT length(target_key), max("+text+") FROM {crosswalk} WHERE table_id = ? AND "+allDigits("target_key")+
			" AND (length(target_key) < ? OR length(target_key) = ? AND "+text+" <= ?) GROUP BY length(target_key)", seat.TableID, int64(len(top)), int64(len(top)), top)
		if err != nil {
			return 0, err
		}
	}
	if s.Blank {
		return used, nil
	}
	reserved, err := s.Reserved(ctx, tx)
	return max(used, reserved), err
}

// Reserved is the highest number that a run used or reserved.
func (s *Space) Reserved(ctx context.Context, tx sqldb.Tx) (int64, error) {
	used, err := s.books.Number(ctx, tx, "SELECT coalesce(max(used_high), 0) FROM {key_space} WHERE name = ? AND used_high <= ?", s.Name, s.Highest())
	if err != nil {
		return 0, err
	}
	reserved, err := s.books.Number(ctx, tx, "SELECT coalesce(max(last_key), 0) FROM {key_block} WHERE (space = ? OR table_id IN ("+s.tableIDs()+")) AND last_key <= ?", s.Name, s.Highest())
	return max(used, reserved), err
}

// taken hands over the numbers between from and to that are or ever were in
// use, in no order, some of them more than once.
func (s *Space) taken(ctx context.Context, tx sqldb.Tx, from, to int64, mark func(int64)) error {
	for _, seat := range s.all() {
		if err := s.takenIn(ctx, tx, seat, from, to, mark); err != nil {
			return err
		}
	}
	return s.known(ctx, tx, from, to, mark)
}

// known is taken for what runs have made, found or reserved, whether or not a row
// is there by now.
func (s *Space) known(ctx context.Context, tx sqldb.Tx, from, to int64, mark func(int64)) error {
	if s.Blank {
		return nil
	}
	for _, seat := range s.all() {
		to := seat.highest(to)
		if seat.TableID == 0 || from > to {
			continue
		}
		low, high := seat.Form.Text(from), seat.Form.Text(to)
		err := s.books.Query(ctx, tx, s.mark(seat.Form, from, to, mark), "SELECT target_key FROM {crosswalk} WHERE table_id = ? AND length(target_key) BETWEEN ? AND ?",
			seat.TableID, int64(len(low)), int64(len(high)))
		if err != nil {
			return err
		}
	}
	return s.overlapping(ctx, tx, from, to, mark)
}

// takenIn is taken for the rows of one table.
func (s *Space) takenIn(ctx context.Context, tx sqldb.Tx, seat Seat, from, to int64, mark func(int64)) error {
	to = seat.highest(to)
	if seat.Gone || from > to {
		return nil
	}
	dialect := s.books.Dialect()
	name := dialect.Quote(seat.Form.Column.Name)
	// Texts of one length that are all digits stand between the bounds in every
	// collation; what else does is no number.
	return sqldb.Each(ctx, tx, s.mark(seat.Form, from, to, mark), fmt.Sprintf("SELECT %s FROM %s WHERE %[1]s >= %[3]s AND %[1]s <= %[4]s", name, dialect.QuoteName(seat.Table),
		dialect.Typed(dialect.Placeholder(1), seat.Form.Column), dialect.Typed(dialect.Placeholder(2), seat.Form.Column)),
		seat.Form.Value(from), seat.Form.Value(to))
}

func (s *Space) mark(form Form, from, to int64, mark func(int64)) func([]record.Value) error {
	return func(row []record.Value) error {
		if n, ok := form.Number(row[0].String()); ok && n >= from && n <= to {
			mark(n)
		}
		return nil
	}
}

// End notes the highest number that was used, when an entity of the run has
// ended: what was reserved beyond is free again.
func (s *Space) End(ctx context.Context, tx sqldb.Tx, runID int64) error {
	last, err := s.books.Number(ctx, tx, "SELECT coalesce(max(last_key), 0) FROM {key_block} WHERE run_id = ? AND space = ?", runID, s.Name)
	if err != nil {
		return err
	}
	_, err = s.books.Exec(ctx, tx, "UPDATE {key_space} SET used_high = ? WHERE name = ? AND used_high < ?", last, s.Name, last)
	return err
}
