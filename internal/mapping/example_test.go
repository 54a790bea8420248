package mapping_test

import (
	"fmt"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

func Example() {
	file, err := mapping.Parse("testdata/acme.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := file.Order(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entity := range order {
		fmt.Printf("%s (%s)\n", entity.Name, file.Reason(entity))
	}

	var source, target []record.Field
	cells := map[string]string{"CustomerID": "007", "BranchID": "3", "Email": " Jane@Example.org ", "St": "01", "DOB": "29/02/2000", "Addr1": "1 High St", "Addr3": "Leeds"}
	rec := &record.Record{Ref: record.Ref{Entity: "customer", Key: "007"}}
	for _, name := range []string{"CustomerID", "BranchID", "Email", "St", "DOB", "Addr1", "Addr2", "Addr3", "Fax", "Phone"} {
		source = append(source, record.Field{Name: name})
		rec.Values = append(rec.Values, record.Text(cells[name]))
	}
	for _, name := range []string{"branch_id", "email", "status", "born_on", "street", "source", "rate", "legacy_id"} {
		target = append(target, record.Field{Name: name, Type: record.Type{Kind: record.KindText}, Nullable: true})
	}
	customer := file.Entity("customer")
	program, problems := mapping.Compile(customer, source, target)
	if problems != nil {
		fmt.Println(problems)
		return
	}
	out := make([]record.Value, len(program.Columns))
	if rejection := program.Shape(rec, out); rejection != nil {
		fmt.Println(rejection)
		return
	}
	for i, column := range program.Columns {
		fmt.Printf("%s = %q\n", column, out[i].String())
	}
	fmt.Println("unused:", customer.Coverage(source))
	// Output:
	// branch ()
	// customer (after branch (branch_id))
	// job (after branch (branch_id), customer (customer_id))
	// visit (after customer (customer_id))
	// branch_id = "3"
	// email = "jane@example.org"
	// status = "007"
	// born_on = "2000-02-29"
	// street = "1 High St, Leeds"
	// source = "acme"
	// rate = "1.50"
	// legacy_id = "007"
	// unused: [Phone]
}
