/*-------------------------------------------------------------------------
 *
 * ship.c
 *	  Which expressions other servers can evaluate, and in what form they are
 *	  sent.
 *
 * The rules are postgres_fdw's, with two differences.  What is the same for all
 * rows is evaluated here, and sent as a parameter, so it may be anything that can
 * be sent.  And more kinds of expressions are known, those of weighted sums above
 * all: COALESCE, CASE, GREATEST and LEAST.
 *
 * Numbers that are written in the query stay in the text: what may be a weighted
 * sum depends on some of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "fanout/fanout.h"

typedef struct ShipContext
{
	MMShipping *shipping;
	bool		failed;
} ShipContext;

List *
mm_server_extensions(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, server->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);
		List	   *names;
		ListCell   *name;

		if (strcmp(option->defname, "extensions") != 0 ||
			!SplitIdentifierString(pstrdup(defGetString(option)), ',', &names))
			continue;
		foreach(name, names)
		{
			Oid			extension = get_extension_oid(lfirst(name), true);

			if (OidIsValid(extension))
				result = lappend_oid(result, extension);
		}
	}
	return result;
}

/*
 * Is an object one that all servers have?
 */
static bool
is_shared(const MMShipping *shipping, Oid class, Oid object)
{
	if (object < FirstGenbkiObjectId)
		return true;
	return list_member_oid(shipping->extensions, getExtensionOfObject(class, object));
}

static bool
is_shared_type(const MMShipping *shipping, Oid type)
{
	Oid			element = get_element_type(type);

	return is_shared(shipping, TypeRelationId, OidIsValid(element) ? element : type);
}

/*
 * May a function be called by another server?
 */
static bool
is_shared_function(const MMShipping *shipping, Oid function)
{
	return func_volatile(function) == PROVOLATILE_IMMUTABLE &&
		is_shared(shipping, ProcedureRelationId, function);
}

static bool
has_binary_form(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = (Form_pg_type) GETSTRUCT(tuple);
	result = OidIsValid(form->typsend) && OidIsValid(form->typreceive);
	ReleaseSysCache(tuple);
	return result;
}

bool
mm_is_binary_safe(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	char		kind;

	/* These are OIDs, which mean something here only. */
	switch (base)
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGTYPEOID:
		case REGROLEOID:
		case REGNAMESPACEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGCOLLATIONOID:
			return false;
		default:
			break;
	}
	/* An array has the OID of its elements' type in it. */
	if (OidIsValid(element))
		return element < FirstGenbkiObjectId && mm_is_binary_safe(element);
	kind = get_typtype(base);
	if (kind != TYPTYPE_BASE && kind != TYPTYPE_ENUM &&
		!(kind == TYPTYPE_RANGE && base < FirstGenbkiObjectId))
		return false;
	return has_binary_form(base);
}

/*
 * A collation that is not the default must be that of a column, as the remote
 * column has it, too.
 */
static bool
is_shared_collation(Node *node, Oid collation)
{
	List	   *vars;
	ListCell   *lc;

	if (!OidIsValid(collation) || collation == DEFAULT_COLLATION_OID)
		return true;
	vars = pull_var_clause(node, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS);
	foreach(lc, vars)
		if (((Var *) lfirst(lc))->varcollid == collation)
			return true;
	return false;
}

/*
 * Is a node, apart from what is below it, something that can be sent?
 */
static bool
is_shippable_node(const MMShipping *shipping, Node *node)
{
	if (!is_shared_collation(node, exprInputCollation(node)))
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
			{
				Var		   *var = (Var *) node;

				return var->varno == (int) shipping->relid && var->varlevelsup == 0 &&
					var->varattno > 0;
			}
		case T_Const:
			return true;
		case T_DistinctExpr:
		case T_NullIfExpr:
			/* Their operator cannot be named. */
			if (((OpExpr *) node)->opno >= FirstGenbkiObjectId)
				return false;
			/* FALLTHROUGH */
		case T_OpExpr:
			{
				OpExpr	   *op = (OpExpr *) node;

				return is_shared(shipping, OperatorRelationId, op->opno) &&
					is_shared_function(shipping, get_opcode(op->opno)) && !op->opretset;
			}
		case T_ScalarArrayOpExpr:
			{
				ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) node;

				return is_shared(shipping, OperatorRelationId, op->opno) &&
					is_shared_function(shipping, get_opcode(op->opno));
			}
		case T_FuncExpr:
			{
				FuncExpr   *func = (FuncExpr *) node;

				return is_shared_function(shipping, func->funcid) && !func->funcretset &&
					!func->funcvariadic;
			}
		case T_RelabelType:
			return is_shared_type(shipping, ((RelabelType *) node)->resulttype) &&
				is_shared_collation(node, ((RelabelType *) node)->resultcollid);
		case T_ArrayCoerceExpr:
			return mm_is_relabeled_array((Expr *) node) &&
				is_shared_type(shipping, ((ArrayCoerceExpr *) node)->resulttype);
		case T_ArrayExpr:
			return is_shared_type(shipping, ((ArrayExpr *) node)->array_typeid) &&
				!((ArrayExpr *) node)->multidims;
		case T_CaseExpr:
			return ((CaseExpr *) node)->arg == NULL;
		case T_CaseWhen:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_BoolExpr:
		case T_BooleanTest:
		case T_List:
			return true;
		case T_NullTest:
			return !((NullTest *) node)->argisrow;
		default:
			return false;
	}
}

/*
 * Does a constant stay in the text?
 */
static bool
stays(const Const *constant)
{
	if (constant->constisnull)
		return true;
	switch (constant->consttype)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return true;
		default:
			return false;
	}
}

static Node *
ship_mutator(Node *node, void *arg)
{
	ShipContext *c = arg;
	MMShipping *shipping = c->shipping;

	if (node == NULL || c->failed)
		return node;
	if (IsA(node, List) || IsA(node, CaseWhen))
		return expression_tree_mutator(node, ship_mutator, arg);
	if (mm_is_constant(shipping->root, node, shipping->relid) &&
		bms_is_empty(pull_varnos(shipping->root, node)) &&
		!(IsA(node, Const) && stays((Const *) node)) && !IsA(node, CaseTestExpr))
	{
		Oid			type = exprType(node);
		Param	   *param = makeNode(Param);
		int			i = 0;
		ListCell   *lc;

		if (!is_shared_type(shipping, type) || !mm_is_binary_safe(type))
		{
			c->failed = true;
			return node;
		}
		foreach(lc, shipping->values)
		{
			if (equal(lfirst(lc), node))
				break;
			i++;
		}
		if (lc == NULL)
			shipping->values = lappend(shipping->values, node);
		param->paramkind = PARAM_EXTERN;
		param->paramid = i + 1;
		param->paramtype = type;
		param->paramtypmod = exprTypmod(node);
		param->paramcollid = exprCollation(node);
		param->location = -1;
		return (Node *) param;
	}
	if (IsA(node, Const) && !is_shared_type(shipping, ((Const *) node)->consttype))
		c->failed = true;
	else if (!is_shippable_node(shipping, node))
		c->failed = true;
	if (c->failed)
		return node;
	if (IsA(node, ArrayCoerceExpr))
	{
		/* What is done to the elements is no expression about the row. */
		ArrayCoerceExpr *coerce = palloc(sizeof(ArrayCoerceExpr));

		*coerce = *(ArrayCoerceExpr *) node;
		coerce->arg = (Expr *) ship_mutator((Node *) coerce->arg, arg);
		return (Node *) coerce;
	}
	return expression_tree_mutator(node, ship_mutator, arg);
}

Expr *
mm_ship(MMShipping *shipping, Expr *expr)
{
	ShipContext c = {.shipping = shipping};
	int			nvalues = list_length(shipping->values);
	Node	   *result;

	if (contain_volatile_functions((Node *) expr) || contain_subplans((Node *) expr))
		return NULL;
	result = ship_mutator((Node *) expr, &c);
	if (c.failed)
	{
		shipping->values = list_truncate(shipping->values, nvalues);
		return NULL;
	}
	return (Expr *) result;
}
