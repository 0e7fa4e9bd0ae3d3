/*-------------------------------------------------------------------------
 *
 * diagnosis_words.c
 *	  A diagnosis in words: expressions, verdicts, hints.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "plan/diagnosis.h"

/* ---------- expressions ---------- */

/*
 * An expression of the planner's as the parser would have it: without what the
 * deparser does not know outside of plans, and with columns named by the tables
 * they are of.
 */
static Node *
simplify(Node *node, void *arg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, PlaceHolderVar))
		return simplify((Node *) ((PlaceHolderVar *) node)->phexpr, arg);
	if (IsA(node, WindowFunc))
	{
		WindowFunc *call = (WindowFunc *) node;

		/* Its window is in the plan. */
		return simplify((Node *) makeFuncExpr(call->winfnoid, call->wintype, call->args, call->wincollid,
											  call->inputcollid, COERCE_EXPLICIT_CALL), arg);
	}
	if (IsA(node, Param))
	{
		Param	   *param = copyObject((Param *) node);

		param->paramkind = PARAM_EXTERN;
		return (Node *) param;
	}
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		var->varnosyn = var->varno;
		var->varattnosyn = var->varattno;
		return (Node *) var;
	}
	return expression_tree_mutator(node, simplify, arg);
}

const char *
mm_say(MMLook *look, Node *node)
{
	PlannedStmt *stmt = makeNode(PlannedStmt);
	Bitmapset  *all = NULL;
	int			ntables = 0;
	ListCell   *lc;

	stmt->rtable = look->root->parse->rtable;
	for (int i = 1; i <= list_length(stmt->rtable); i++)
		all = bms_add_member(all, i);
	foreach(lc, stmt->rtable)
	{
		RTEKind		kind = lfirst_node(RangeTblEntry, lc)->rtekind;

		/* What comes from RTE_RESULT on is no table. */
		ntables += kind != RTE_JOIN && kind < RTE_RESULT;
	}
	if (IsA(node, List))
		node = (Node *) make_ands_explicit((List *) node);
	return deparse_expression(simplify(node, NULL),
							  deparse_context_for_plan_tree(stmt, select_rtable_names_for_explain(stmt->rtable, all)),
							  ntables > 1, false);
}

/*
 * With casts written out that the parser has made: an index must have them, too.
 */
static Node *
show_casts(Node *node, void *arg)
{
	if (node == NULL)
		return NULL;
	node = expression_tree_mutator(node, show_casts, arg);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST)
		((FuncExpr *) node)->funcformat = COERCE_EXPLICIT_CAST;
	return node;
}

/*
 * An expression of the table's columns only, as an index has it.
 */
static const char *
say_index_expression(MMLook *look, Node *node)
{
	Oid			table = look->rte->relid;

	node = show_casts(simplify(node, NULL), NULL);
	ChangeVarNodes(node, look->rel->relid, 1, 0);
	return deparse_expression(node, deparse_context_for(get_rel_name(table), table), false, false);
}

/*
 * A value cast to a type.
 */
static const char *
say_cast(MMLook *look, Node *value, Oid type)
{
	const Const *constant = (const Const *) value;

	if (IsA(value, Const) && !constant->constisnull)
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(constant->consttype, &output, &is_varlena);
		return psprintf("%s::%s",
						quote_literal_cstr(OidOutputFunctionCall(output, constant->constvalue)),
						format_type_be(type));
	}
	return psprintf("CAST(%s AS %s)", mm_say(look, value), format_type_be(type));
}

/* ---------- names ---------- */

/*
 * An operator as it must be written for that very one to be meant.
 */
static const char *
write_operator(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	const char *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = OperatorIsVisible(operator) ? pstrdup(NameStr(form->oprname)) :
		psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
				 NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * The operator class of a family of mmdb, as it must be written; they have the same
 * name.
 */
static const char *
write_class(Oid family)
{
	HeapTuple	tuple = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(family));
	Form_pg_opfamily form;
	const char *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator family %u", family);
	form = (Form_pg_opfamily) GETSTRUCT(tuple);
	result = OpfamilyIsVisible(family) ? quote_identifier(pstrdup(NameStr(form->opfname))) :
		quote_qualified_identifier(get_namespace_name(form->opfnamespace), NameStr(form->opfname));
	ReleaseSysCache(tuple);
	return result;
}

/* ---------- indexes ---------- */

/*
 * The default class of an operand's type; InvalidOid if it has none.
 */
static Oid
default_class(Node *operand)
{
	return GetDefaultOpClass(exprType(operand), get_index_am_oid(MM_AM_NAME, false));
}

/*
 * The family of mmdb that has an operator as its distance, that of the operand's default
 * class before others; InvalidOid if none has.
 */
static Oid
family_of(Node *operand, Oid operator)
{
	Oid			am = get_index_am_oid(MM_AM_NAME, false);
	Oid			opclass = default_class(operand);
	Oid			preferred = OidIsValid(opclass) ? get_opclass_family(opclass) : InvalidOid;
	CatCList   *list = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(operator));
	Oid			result = InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amop amop = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		if (amop->amopmethod == am && amop->amoppurpose == AMOP_ORDER && result != preferred)
			result = amop->amopfamily;
	}
	ReleaseSysCacheList(list);
	return result;
}

/*
 * Is an expression, or a part of it, what no index can have?
 */
static bool
is_unfit(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) || (IsA(node, Var) && ((Var *) node)->varattno < 0))
		return true;
	return expression_tree_walker(node, is_unfit, arg);
}

/*
 * What an index should have in the place of an operand: what it is a cast of to a wider
 * type of numbers, as the index has distances of such, or the operand itself.
 */
static Node *
without_wider_cast(Node *operand)
{
	FuncExpr   *cast = (FuncExpr *) operand;

	return IsA(cast, FuncExpr) && cast->funcformat != COERCE_EXPLICIT_CALL &&
		list_length(cast->args) == 1 &&
		mm_is_wider(cast->funcresulttype, exprType(linitial(cast->args))) ?
		linitial(cast->args) : operand;
}

/*
 * The collation that an index must name to have distances by it; "" if it is the
 * operand's own.
 */
static const char *
say_collation(Node *operand, Oid collation)
{
	Expr	   *inner = mm_strip_relabel((Expr *) operand);

	return !OidIsValid(collation) || collation == exprCollation((Node *) inner) ? "" :
		psprintf(" COLLATE %s", generate_collation_name(collation));
}

/*
 * The side of a distance that is about the table, and no other; NULL if both are.
 */
static Node *
table_side(MMLook *look, OpExpr *op)
{
	for (int i = 0; i < 2; i++)
	{
		Node	   *value = list_nth(op->args, i);
		Node	   *operand = list_nth(op->args, 1 - i);

		if (!bms_is_member(look->rel->relid, pull_varnos(look->root, value)) &&
			bms_equal(pull_varnos(look->root, operand), look->rel->relids))
			return operand;
	}
	return NULL;
}

const char *
mm_say_index(MMLook *look, List *distances)
{
	StringInfoData columns;
	Oid			table = look->rte->relid;
	const char *name;
	const char *command;
	List	   *seen = NIL;
	ListCell   *lc;

	if (IsCatalogRelationOid(table))
		return NULL;
	initStringInfo(&columns);
	foreach(lc, distances)
	{
		OpExpr	   *op = lfirst_node(OpExpr, lc);
		Node	   *operand = table_side(look, op);
		Oid			family;
		Oid			opclass;
		bool		is_default;
		Node	   *key;

		if (operand == NULL || contain_mutable_functions(operand) || contain_subplans(operand) ||
			is_unfit(operand, NULL))
			return NULL;
		family = family_of(operand, op->opno);
		opclass = default_class(operand);
		/* Of an operator that is no metric of ours, the type's own one. */
		is_default = OidIsValid(opclass) && (!OidIsValid(family) || get_opclass_family(opclass) == family);
		if (!OidIsValid(family) && !is_default)
			return NULL;
		if (list_member(seen, list_make2(operand, list_make1_oid(family))))
			continue;
		appendStringInfo(&columns, "%s", seen == NIL ? "" : ", ");
		key = is_default ? without_wider_cast(operand) : operand;
		if (IsA(key, Var) && ((Var *) key)->varattno > 0)
			appendStringInfoString(&columns,
								   quote_identifier(get_attname(table, ((Var *) key)->varattno, false)));
		else
			appendStringInfo(&columns, "(%s)", say_index_expression(look, key));
		appendStringInfoString(&columns, say_collation(operand, op->inputcollid));
		if (!is_default)
			appendStringInfo(&columns, " %s", write_class(family));
		seen = lappend(seen, list_make2(operand, list_make1_oid(family)));
	}
	name = RelationIsVisible(table) ? quote_identifier(get_rel_name(table)) :
		quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
								   get_rel_name(table));
	command = psprintf("CREATE INDEX ON %s USING mmdb (%s)", name, columns.data);
	if (look->on_servers)
		command = psprintf("SELECT mmdb.on_servers(%s, %s)", quote_literal_cstr(name),
						   quote_literal_cstr(command));
	return psprintf("%s would do.", command);
}

/* ---------- verdicts ---------- */

const char *
mm_say_refusal(MMLook *look, const MMRefusal *refusal, const char **hint)
{
	Node	   *expr = (Node *) refusal->expr;
	const char *text = expr != NULL ? mm_say(look, expr) : "";

	switch (refusal->kind)
	{
		case MM_REFUSED_TYPE:
			*hint = "Leave the sum as it is, double precision, and cast only what is shown.";
			return psprintf("%s is of type %s", text, format_type_be(exprType(expr)));
		case MM_REFUSED_OTHER:
			if (mm_distances_of(look->root, look->rel->relid, expr) != NIL)
			{
				*hint = "A sum may be added to, multiplied, and divided, by what is the same for all rows. Terms may be functions of one distance that grow with it, such as sqrt, least and 1 - exp(-d). A function of the whole sum that grows with it does not change the order: leave it out, or apply its inverse to the radius.";
				return psprintf("%s is a function of distances", text);
			}
			*hint = "What is added to distances must be the same for all rows, or have a least value: mm_bounded(expression, low) tells it.";
			return psprintf("%s differs from row to row, and is no distance", text);
		case MM_REFUSED_SIGN:
			*hint = "All distances of a sum must have weights of one sign.";
			return psprintf("%s is subtracted, or has a negative weight", text);
		case MM_REFUSED_NAN:
			*hint = "Such rows would come first. Order by the distance itself, or compare that.";
			return psprintf("%s is subtracted, and may be NaN", text);
		case MM_REFUSED_FACTOR:
			*hint = "Weights must be the same for all rows.";
			if (contain_volatile_functions(expr))
				return psprintf("%s may differ from row to row, as it is volatile", text);
			return psprintf("%s differs from row to row", text);
		case MM_REFUSED_COALESCE:
			*hint = "Write coalesce(distance, number) for each distance.";
			return psprintf("%s is not a distance, or a number in its place", text);
		case MM_REFUSED_SIZE:
			*hint = psprintf("A sum has at most %d terms, a term at most %d factors.",
							 MM_MAX_TERMS, MM_MAX_FACTORS);
			return "the sum is too long";
		default:
			return NULL;
	}
}

/*
 * What stands next to an operator whose left (or right) side an expression is, if
 * the other operators in that were not to be applied first.
 */
static Node *
neighbor(Node *node, bool is_left)
{
	while (true)
	{
		FuncExpr   *cast = (FuncExpr *) node;
		OpExpr	   *op = (OpExpr *) node;

		if (IsA(node, FuncExpr) && cast->funcformat == COERCE_IMPLICIT_CAST)
			node = linitial(cast->args);
		else if (IsA(node, OpExpr) && list_length(op->args) == 2 && !mm_is_distance(op->opno))
			node = list_nth(op->args, is_left ? 1 : 0);
		else
			return node;
	}
}

const char *
mm_say_nested(MMLook *look, OpExpr *op, const char **hint)
{
	Node	   *sides[2] = {linitial(op->args), lsecond(op->args)};

	for (int i = 0; i < 2; i++)
	{
		if (mm_distances_of(look->root, look->rel->relid, sides[i]) == NIL)
			continue;
		*hint = psprintf("Put every distance in parentheses, as (%s %s %s): arithmetic comes before these operators.",
						 mm_say(look, neighbor(sides[0], true)), write_operator(op->opno),
						 mm_say(look, neighbor(sides[1], false)));
		return psprintf("a side of %s contains a distance: %s", write_operator(op->opno),
						mm_say(look, sides[i]));
	}
	return NULL;
}

/*
 * Is an operator minus an inner product, as <#> of pgvector is?  Among vectors of
 * length 1, those distances that we have are in the same order.
 */
static bool
is_inner_product(Oid operator)
{
	const char *function = get_func_name(get_opcode(operator));

	return function != NULL && strstr(function, "negative_inner_product") != NULL;
}

/*
 * A distance with another operator than the index's column has.
 */
static const char *
say_operator(MMLook *look, OpExpr *op, const MMColumn *column, int argument, const char **hint)
{
	Node	   *value = list_nth(op->args, argument);
	Node	   *operand = list_nth(op->args, 1 - argument);
	Oid			operator = column->space.operator;
	const char *name = OidIsValid(operator) ? get_opname(operator) : NULL;
	Oid			family = family_of(operand, op->opno);
	const char *index = OidIsValid(family) ?
		psprintf("Index the column by the class %s, or write", write_class(family)) :
		psprintf("The operator %s is not one of mmdb's for this type. Write", get_opname(op->opno));

	if (name == NULL)
		return psprintf("type %s has no metric", format_type_be(column->type));
	*hint = psprintf("%s %s %s %s if that other distance will do%s.", index,
					 mm_say(look, operand), write_operator(operator), mm_say(look, value),
					 is_inner_product(op->opno) ? ", as it does for vectors of length 1" : "");
	return psprintf("the index has %s by %s, not by %s", column->name, name, get_opname(op->opno));
}

const char *
mm_say_fit(MMLook *look, OpExpr *op, const MMOffer *offer, MMFit fit, int column, int argument,
		   const char **hint)
{
	const MMColumn *c = column >= 0 ? &offer->columns->columns[column] : NULL;
	Node	   *value = argument >= 0 ? list_nth(op->args, argument) : NULL;
	Node	   *operand = argument >= 0 ? list_nth(op->args, 1 - argument) : NULL;

	*hint = NULL;
	switch (fit)
	{
		case MM_FIT:
			return c == NULL ? "it is the index's composite" :
				psprintf("it is column %s of the index", c->name);
		case MM_FIT_VOLATILE:
			*hint = "Write the value as (SELECT ...), or declare its function STABLE if it is.";
			return psprintf("%s may differ from row to row", mm_say(look, value));
		case MM_FIT_COLLATION:
			*hint = psprintf("Write %s COLLATE %s %s %s.", mm_say(look, operand),
							 generate_collation_name(c->space.collation), write_operator(op->opno),
							 mm_say(look, value));
			return psprintf("the index has %s with another collation", c->name);
		case MM_FIT_OPERATOR:
			return say_operator(look, op, c, argument, hint);
		case MM_FIT_CAST:
			if (OidIsValid(c->space.operator))
				*hint = psprintf("Cast the value, not the column: %s %s %s.", quote_identifier(c->name),
								 write_operator(c->space.operator), say_cast(look, value, c->type));
			return psprintf("column %s of the index is cast to %s", c->name,
							format_type_be(exprType(operand)));
		case MM_FIT_EXPRESSION:
			*hint = mm_say_index(look, list_make1(op));
			return psprintf("the index has %s, not %s", c->name, mm_say(look, operand));
		case MM_FIT_SEVERAL:
			*hint = "One side of a distance must be the same for all rows.";
			return "both sides depend on the row";
		default:
			*hint = mm_say_index(look, list_make1(op));
			if (*hint == NULL && !OidIsValid(family_of(linitial(op->args), op->opno)))
				return psprintf("%s is not the operator of a metric of mmdb", get_opname(op->opno));
			return "no mmdb index has this column";
	}
}
