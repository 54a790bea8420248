package sqldb

import (
	"errors"
	"testing"
)

func TestNear(t *testing.T) {
	candidates := []string{"customers", "Orders", "sales.invoices", "Straße", "a"}
	for name, want := range map[string]string{
		"customers": "customers", "CUSTOMERS": "customers", "custmers": "customers", "cusotmers": "customers",
		"orders": "Orders", "invoices": "sales.invoices", "sale.invoices": "sales.invoices", "strase": "Straße",
		"phones": "", "": "", "b": "a", "zzzz": "",
	} {
		if got := Near(name, candidates); got != want {
			t.Errorf("near %q is %q instead of %q", name, got, want)
		}
	}
}

func TestNoTable(t *testing.T) {
	err := NoTable("order", []string{"orders"})
	if !errors.Is(err, ErrNoTable) || err.Error() != "no such table: order (did you mean orders?)" {
		t.Errorf("the error is %v", err)
	}
	if err := NoTable("order", nil); err.Error() != "no such table: order" {
		t.Errorf("the error is %v", err)
	}
}
