package mapping_test

import (
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/mapping"
)

func TestParseWindowsText(t *testing.T) {
	text := strings.ReplaceAll(described, "\n", "\r\n")
	windows := parse(t, "\ufeff"+text)
	if windows.Hash != parse(t, described).Hash {
		t.Errorf("line ends or byte order mark change the meaning:\n%s", strings.Join(windows.Describe(), "\n"))
	}
	_, err := mapping.ParseBytes("landfall.yaml", []byte("\ufeff"+strings.Replace(text, "fields:", "feilds:", 1)))
	if err == nil || strings.Contains(err.Error(), "\r") || !strings.Contains(err.Error(), `landfall.yaml:11:5: customer: unknown key "feilds"`) {
		t.Error(err)
	}
}

func TestParseModel(t *testing.T) {
	file, err := mapping.Parse("testdata/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if file.Name != "acme" || file.Version != 1 || !filepath.IsAbs(file.Dir) || file.Source != "legacy" || file.Target != "crm" {
		t.Errorf("%+v", file)
	}
	if crm := file.Connection("crm"); crm.Environment != "production" || crm.Password != "${CRM_PASSWORD}" {
		t.Errorf("%+v", crm)
	}
	customer := file.Entity("customer")
	if customer.From.Where != "Deleted = 0" || customer.To.NewKey != mapping.KeySequence || customer.OnMatch != mapping.MatchUpdate || customer.From.Settings != nil {
		t.Errorf("%+v", customer)
	}
	if customer.Position != (mapping.Position{Line: 21, Column: 3}) || customer.Fields[1].Position != (mapping.Position{Line: 26, Column: 7}) {
		t.Errorf("%v %v", customer.Position, customer.Fields[1].Position)
	}
	job := file.Entity("job")
	if job.Fields[1].OnOrphan != mapping.OrphanNull || job.Fields[0].OnOrphan != mapping.OrphanReject || !job.Fields[2].Keep {
		t.Errorf("%+v", job.Fields)
	}
	visit := file.Entity("visit")
	if strings.Join(visit.From.Settings.Keys(), " ") != "delimiter encoding" || strings.Join(visit.To.KeyColumns, " ") != "customer_id day" {
		t.Errorf("%+v", visit)
	}
	if _, err := mapping.Parse("testdata/none.yaml"); err == nil {
		t.Error("a file that is not there was read")
	}
}
