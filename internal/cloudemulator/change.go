package cloudemulator

// change is what entity.update and entity.replace share.
func (e *Emulator) change(call *Call, limit int, whole func(*store, *record, values) *failure, part func(shaping, spot, any, string) *failure) ([]byte, *failure) {
	form := call.Parameters
	s, sel, failed := e.selection(form)
	if failed != nil {
		return nil, failed
	}
	name := "value" // both names are in use
	if !form.Has(name) {
		name = "attributes"
	}
	value, failed := argument[any](form, name, "JSON")
	if failed != nil {
		return nil, failed
	}
	path := form.Get("attribute_name")
	object, isObject := value.(values)
	if path == "" && !isObject {
		return nil, invalid(name, "%s is not a JSON object", name)
	}
	if path == "" {
		for _, reserved := range ownNames {
			if _, is := object[reserved]; is {
				return nil, ownedFailure(reserved)
			}
		}
	}
	if own(path) {
		return nil, ownedFailure(path)
	}
	if limit == 0 {
		return done, nil
	}
	return done, s.change(sel, func(r *record) *failure {
		if path == "" {
			return whole(s, r, object)
		}
		at, failed := locate(s.declared.Attributes, r.attributes, path)
		if failed != nil {
			return failed
		}
		return part(s.shaping(), at, value, path)
	})
}

func ownedFailure(name string) *failure {
	return &failure{code: codeInvalidArgument, attribute: name, description: "the attribute " + name + " is kept by the service and cannot be written"}
}

// update leaves alone what the request does not name.
func (e *Emulator) update(call *Call, limit int) ([]byte, *failure) {
	return e.change(call, limit, func(s *store, r *record, object values) *failure {
		return s.shaping().merge(s.declared.Attributes, r.attributes, object, "")
	}, shaping.update)
}

// replace makes null what the request does not name, and gives the elements of
// plurals new ids.
func (e *Emulator) replace(call *Call, limit int) ([]byte, *failure) {
	return e.change(call, limit, func(s *store, r *record, object values) *failure {
		fresh := cloned(object)
		for i := range s.declared.Attributes {
			if a := &s.declared.Attributes[i]; a.Kind == Plural && fresh[a.Name] != nil {
				fresh[a.Name] = withoutIDs(fresh[a.Name])
			}
		}
		r.attributes = values{}
		return s.shaping().merge(s.declared.Attributes, r.attributes, fresh, "")
	}, shaping.replace)
}

// append encodes what the spot holds.
func (at spot) append(to []byte) []byte {
	value := at.holder[at.attribute.Name]
	if at.element < 0 {
		return appendAttribute(to, at.attribute, value)
	}
	return appendElement(to, at.attribute, value.([]any)[at.element].(values))
}
