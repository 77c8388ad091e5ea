package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	annotationOptional  = "promogate.dev/optional-tasks"
	annotationDefaulted = "promogate.dev/defaulted-tasks"
)

// policy is a PromotionPolicy with its selectors parsed, once for each change.
type policy struct {
	*PromotionPolicy
	namespaces, apps labels.Selector
}

// policies follows the PromotionPolicies, and has them in the order in which they speak.
type policies struct {
	mu     sync.Mutex
	byName map[string]*policy
	sorted atomic.Pointer[[]*policy]
}

func (p *policies) follow(ctx context.Context, c cache.Cache) error {
	namespaces := &metav1.PartialObjectMetadata{}
	namespaces.SetGroupVersionKind(namespaceKind)
	// KeptnAppContexts are followed for what an impact preview and the protection of definitions look at.
	for _, obj := range []client.Object{&KeptnAppContext{}, namespaces} {
		if _, err := c.GetInformer(ctx, obj); err != nil {
			return err
		}
	}
	p.byName = map[string]*policy{}
	informer, err := c.GetInformer(ctx, &PromotionPolicy{})
	if err != nil {
		return err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { p.put(o.(*PromotionPolicy)) },
		UpdateFunc: func(_, o any) { p.put(o.(*PromotionPolicy)) },
		DeleteFunc: func(o any) {
			if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
				o = gone.Obj
			}
			p.change(o.(*PromotionPolicy).Name, nil)
		},
	})
	return err
}

func (p *policies) put(o *PromotionPolicy) {
	made := &policy{PromotionPolicy: o, apps: labels.Everything()}
	var err error
	if made.namespaces, err = metav1.LabelSelectorAsSelector(o.Spec.NamespaceSelector); err != nil {
		return
	}
	if o.Spec.AppSelector != nil {
		if made.apps, err = metav1.LabelSelectorAsSelector(o.Spec.AppSelector); err != nil {
			return
		}
	}
	p.change(o.Name, made)
}

func (p *policies) change(name string, to *policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byName, name)
	if to != nil {
		p.byName[name] = to
	}
	sorted := make([]*policy, 0, len(p.byName))
	for _, each := range p.byName {
		sorted = append(sorted, each)
	}
	slices.SortFunc(sorted, func(a, b *policy) int {
		return cmp.Or(cmp.Compare(b.Spec.Priority, a.Spec.Priority), cmp.Compare(a.Name, b.Name))
	})
	p.sorted.Store(&sorted)
}

func (p *policies) all() []*policy {
	if sorted := p.sorted.Load(); sorted != nil {
		return *sorted
	}
	return nil
}

// match returns those that select the namespace, and the new or the old object.
func (p *policies) match(namespace labels.Set, objects ...*KeptnAppContext) []*policy {
	var found []*policy
	for _, each := range p.all() {
		if each.namespaces.Matches(namespace) && slices.ContainsFunc(objects, func(o *KeptnAppContext) bool {
			return each.apps.Matches(labels.Set(o.Labels))
		}) {
			found = append(found, each)
		}
	}
	return found
}

// namespaceLabels come from the cache; a namespace that is missing there is read live.
func namespaceLabels(ctx context.Context, readers []client.Reader, name string) (labels.Set, error) {
	var err error
	for _, reader := range readers {
		namespace := &metav1.PartialObjectMetadata{}
		namespace.SetGroupVersionKind(namespaceKind)
		if err = reader.Get(ctx, client.ObjectKey{Name: name}, namespace); err == nil {
			return namespace.Labels, nil
		}
	}
	return nil, client.IgnoreNotFound(err)
}

func (p *policy) has(action string) bool { return slices.Contains(p.Spec.ValidationActions, action) }

func (p *policy) deniesAtAdmission() bool {
	return p.has("Deny") && (p.Spec.EnforcedAt == nil || slices.Contains(p.Spec.EnforcedAt, "Admission"))
}

// globMatches: each '*' stands for any text, also none.
func globMatches(glob, name string) bool {
	parts := strings.Split(glob, "*")
	if len(parts) == 1 {
		return glob == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	rest := name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

func anyMatches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return globMatches(glob, name) })
}

func (p *policy) allowsFailure(task, value string) bool {
	if p.Spec.OnFailure == nil {
		return true
	}
	allowed := p.Spec.OnFailure.Allowed
	for _, entry := range p.Spec.OnFailure.Tasks {
		if entry.Allowed != nil && anyMatches(entry.Names, task) {
			allowed = entry.Allowed
			break
		}
	}
	return allowed == nil || slices.Contains(allowed, value)
}

func optionalTasks(obj *KeptnAppContext) []string {
	var names []string
	for name := range strings.SplitSeq(obj.Annotations[annotationOptional], ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// violations are what of a context violates one policy: PG104 and PG111 to PG114.
func (p *policy) violations(ctx context.Context, defs definitions, obj *KeptnAppContext) (map[string]field.ErrorList, error) {
	found := map[string]field.ErrorList{}
	report := func(rule string, e *field.Error) {
		e.Detail = fmt.Sprintf("policy %q: %s", p.Name, e.Detail)
		if p.Spec.Message != "" {
			e.Detail += " (" + p.Spec.Message + ")"
		}
		found[rule] = append(found[rule], e)
	}
	p.checkChoices(obj, report)
	if p.Spec.PromotionTasks == nil {
		return found, nil
	}
	tasks, rules := obj.Spec.PromotionTasks, p.Spec.PromotionTasks
	list := field.NewPath("spec", "promotionTasks")

	count := len(tasks)
	for _, task := range rules.Added {
		if !slices.Contains(tasks, task.Name) {
			count++
		}
	}
	if rules.Max > 0 && count > rules.Max {
		report("PG104", field.Invalid(list, count, fmt.Sprintf("allows at most %d tasks", rules.Max)))
	}
	for _, task := range rules.Required {
		if len(tasks) > 0 && !slices.Contains(tasks, task.Name) {
			report("PG112", field.Required(list, fmt.Sprintf("requires the task %q", task.Name)))
		}
	}
	if rules.Allowed != nil {
		for i, task := range tasks {
			if !anyMatches(rules.Allowed, task) {
				report("PG113", field.NotSupported(list.Index(i), task, rules.Allowed))
			}
		}
	}
	for _, task := range slices.Concat(rules.Required, rules.Added) {
		if task.Source == "Any" {
			continue
		}
		why, err := cannotShare(ctx, defs, obj.Namespace, task.Name)
		if err != nil {
			return nil, err
		}
		if why != "" {
			report("PG114", field.Invalid(list, task.Name, why))
		}
	}
	return found, nil
}

func (p *policy) checkChoices(obj *KeptnAppContext, report func(rule string, e *field.Error)) {
	annotations := field.NewPath("metadata", "annotations")
	optional := optionalTasks(obj)
	var refused []string
	if v := obj.Annotations[annotationOnFailure]; v == block || v == warn {
		for _, task := range obj.Spec.PromotionTasks {
			mayWarn := slices.Contains(optional, task) && p.allowsFailure(task, warn)
			if !mayWarn && !p.allowsFailure(task, v) {
				refused = append(refused, task)
			}
		}
		if refused != nil {
			report("PG111", field.Invalid(annotations.Key(annotationOnFailure), v,
				"does not allow it for "+strings.Join(refused, ", ")))
		}
	}
	refused = nil
	for _, task := range optional {
		if !p.allowsFailure(task, warn) {
			refused = append(refused, task)
		}
	}
	if refused != nil {
		report("PG111", field.Invalid(annotations.Key(annotationOptional), obj.Annotations[annotationOptional],
			"does not allow Warn for "+strings.Join(refused, ", ")))
	}
}

// cannotShare says why a task would not run the Keptn namespace's definition, or "".
func cannotShare(ctx context.Context, defs definitions, namespace, name string) (string, error) {
	def, err := defs.find(ctx, namespace, name)
	if err != nil {
		return "", err
	}
	if def == nil {
		return "no KeptnTaskDefinition of this name in the Keptn namespace", nil
	}
	if def.Namespace == namespace && namespace != defs.shared() {
		return "a KeptnTaskDefinition of this name hides that of the Keptn namespace", nil
	}
	return cannotRun(ctx, defs, defs.shared(), def)
}

// judgement is what all policies that match have to say of a context.
type judgement struct {
	errs     field.ErrorList
	warnings []string
	audited  []auditEntry
}

type auditEntry struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
	Field  string `json:"field"`
	Action string `json:"action"`
}

func (j *judgement) auditAnnotations() map[string]string {
	if j.audited == nil {
		return nil
	}
	text, err := json.Marshal(j.audited)
	if err != nil {
		return nil
	}
	return map[string]string{"violations": string(text)}
}

func judge(ctx context.Context, defs definitions, matched []*policy, obj *KeptnAppContext, lenient bool) (*judgement, error) {
	j := &judgement{}
	for _, p := range matched {
		found, err := p.violations(ctx, defs, obj)
		if err != nil {
			return nil, err
		}
		for _, rule := range []string{"PG104", "PG111", "PG112", "PG113", "PG114"} {
			for _, e := range found[rule] {
				j.add(p, rule, e, lenient && rule == "PG114")
			}
		}
	}
	return j, nil
}

func (j *judgement) add(p *policy, rule string, e *field.Error, soften bool) {
	if p.deniesAtAdmission() && !soften {
		j.errs = append(j.errs, e)
	} else if p.deniesAtAdmission() || p.has("Warn") {
		j.warnings = append(j.warnings, e.Error())
	}
	if p.has("Audit") {
		j.audited = append(j.audited, auditEntry{p.Name, rule, e.Field, "Audit"})
	}
}

// missingWarns: whether the strictest enforcing policy that speaks about missing definitions says so.
func missingWarns(matched []*policy) bool {
	warns := false
	for _, p := range matched {
		if p.Spec.Definitions == nil || !p.has("Deny") {
			continue
		}
		switch p.Spec.Definitions.Missing {
		case "Deny":
			return false
		case warn:
			warns = true
		}
	}
	return warns
}

// defaultTasks returns the first enforcing policy that has some, or nil.
func defaultTasks(matched []*policy) *policy {
	for _, p := range matched {
		if p.has("Deny") && p.Spec.PromotionTasks != nil && p.Spec.PromotionTasks.Default != nil {
			return p
		}
	}
	return nil
}

func (p *policy) failureDefault(task string) string {
	if p.Spec.OnFailure == nil || !p.has("Deny") {
		return ""
	}
	for _, entry := range p.Spec.OnFailure.Tasks {
		if entry.Default != "" && anyMatches(entry.Names, task) {
			return entry.Default
		}
	}
	return p.Spec.OnFailure.Default
}

func (p *policy) deniesAtPromotion() bool {
	return p.has("Deny") && (p.Spec.EnforcedAt == nil || slices.Contains(p.Spec.EnforcedAt, "Promotion"))
}

// resolveTask is the first that speaks, and whose value every policy that denies allows for the task.
func resolveTask(matched []*policy, obj *KeptnAppContext, def *KeptnTaskDefinition, task string, blockDeployment *bool) string {
	said := make([]string, 0, 4+len(matched))
	if slices.Contains(optionalTasks(obj), task) {
		said = append(said, warn)
	}
	said = append(said, obj.Annotations[annotationOnFailure])
	if def != nil {
		said = append(said, def.Annotations[annotationOnFailure])
	}
	for _, p := range matched {
		said = append(said, p.failureDefault(task))
	}
	if blockDeployment != nil {
		said = append(said, map[bool]string{true: block, false: warn}[*blockDeployment])
	}
	for _, value := range said {
		if (value == block || value == warn) && !slices.ContainsFunc(matched, func(p *policy) bool {
			return p.deniesAtPromotion() && !p.allowsFailure(task, value)
		}) {
			return value
		}
	}
	return block
}

// isShared: an enforcing policy takes the task from the Keptn namespace.
func isShared(matched []*policy, task string) bool {
	return slices.ContainsFunc(matched, func(p *policy) bool {
		return p.has("Deny") && p.Spec.PromotionTasks != nil &&
			slices.ContainsFunc(slices.Concat(p.Spec.PromotionTasks.Required, p.Spec.PromotionTasks.Added),
				func(t PolicyTask) bool { return t.Name == task && t.Source != "Any" })
	})
}

// resolveAll is "Block", or, where tasks differ, "a=Block,b=Warn".
func resolveAll(ctx context.Context, defs definitions, matched []*policy, obj *KeptnAppContext, tasks []string,
	blockDeployment *bool) (string, error) {
	if len(tasks) == 0 {
		return resolveTask(matched, obj, nil, "", blockDeployment), nil
	}
	var each []string
	values := map[string]bool{}
	var value string
	for _, task := range tasks {
		namespace := obj.Namespace
		if isShared(matched, task) {
			namespace = defs.shared()
		}
		def, err := defs.cached(ctx, namespace, task)
		if err != nil {
			return "", err
		}
		value = resolveTask(matched, obj, def, task, blockDeployment)
		values[value] = true
		each = append(each, task+"="+value)
	}
	if len(values) == 1 {
		return value, nil
	}
	return strings.Join(each, ","), nil
}
