package table_test

import (
	"reflect"
	"slices"
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/target"
)

// What a wave writes with has not a method more than target.Inserts, so no code
// can change or delete a row with it.
func TestAnInserterOnlyInserts(t *testing.T) {
	if _, changes := any(&table.Inserter{}).(target.Table); changes {
		t.Error("it changes rows")
	}
	var has, may []string
	for _, of := range []struct {
		methods reflect.Type
		into    *[]string
	}{{reflect.TypeFor[*table.Inserter](), &has}, {reflect.TypeFor[target.Inserts](), &may}} {
		for i := range of.methods.NumMethod() {
			*of.into = append(*of.into, of.methods.Method(i).Name)
		}
	}
	if !slices.Equal(has, may) {
		t.Errorf("it has the methods %v, of which only %v insert or look", has, may)
	}
}
