/*-------------------------------------------------------------------------
 *
 * deparse.c
 *	  Expressions as SQL for another server.
 *
 * The text must mean there what the expression means here, whatever the other
 * server's search_path and settings are.  So all names have their schemas, every
 * operator is OPERATOR(schema.name) between operands of its own types, implicit
 * casts are written out, and parameters and NULLs are cast to their types.  A
 * server reads the text back as the same expression, so that its index recognizes
 * what this one's planner recognized.
 *
 * Only what mm_ship has let through comes here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "fanout/fanout.h"

/*
 * The value of a string option in a list; NULL if it is not there.
 */
static const char *
option_value(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return defGetString(option);
	}
	return NULL;
}

void
mm_deparse_table(StringInfo sql, const MMRemoteTable *table)
{
	List	   *options = GetForeignTable(table->relid)->options;
	const char *schema = option_value(options, "schema_name");
	const char *name = option_value(options, "table_name");

	if (schema == NULL)
		schema = get_namespace_name(get_rel_namespace(table->relid));
	if (name == NULL)
		name = get_rel_name(table->relid);
	appendStringInfo(sql, "%s.%s", quote_identifier(schema), quote_identifier(name));
}

void
mm_deparse_column(StringInfo sql, const MMRemoteTable *table, AttrNumber attnum)
{
	/* A partition has its parent's columns by name, not by number. */
	const char *name = get_attname(table->parent, attnum, false);
	AttrNumber	here = get_attnum(table->relid, name);
	const char *there = option_value(GetForeignColumnOptions(table->relid, here), "column_name");

	appendStringInfo(sql, "t.%s", quote_identifier(there != NULL ? there : name));
}

void
mm_deparse_type(StringInfo sql, Oid type, int32 typmod)
{
	bits16		flags = FORMAT_TYPE_TYPEMOD_GIVEN;

	if (type >= FirstGenbkiObjectId)
		flags |= FORMAT_TYPE_FORCE_QUALIFY;
	appendStringInfoString(sql, format_type_extended(type, typmod, flags));
}

static void
deparse_string(StringInfo sql, const char *value)
{
	appendStringInfoString(sql, quote_literal_cstr(value));
}

/*
 * A number, or NULL.
 */
static void
deparse_const(StringInfo sql, const Const *constant)
{
	char	   *text;

	if (constant->constisnull)
		appendStringInfoString(sql, "(NULL");
	else
	{
		appendStringInfoChar(sql, '(');
		switch (constant->consttype)
		{
			case FLOAT8OID:
				/* As many digits as it takes, whatever extra_float_digits is. */
				text = psprintf("%.17g", DatumGetFloat8(constant->constvalue));
				break;
			case FLOAT4OID:
				text = psprintf("%.9g", DatumGetFloat4(constant->constvalue));
				break;
			default:
				{
					Oid			output;
					bool		varlena;

					getTypeOutputInfo(constant->consttype, &output, &varlena);
					text = OidOutputFunctionCall(output, constant->constvalue);
				}
		}
		deparse_string(sql, text);
	}
	appendStringInfoString(sql, "::");
	mm_deparse_type(sql, constant->consttype, constant->consttypmod);
	appendStringInfoChar(sql, ')');
}

static void
deparse_list(StringInfo sql, List *exprs, const MMRemoteTable *table)
{
	ListCell   *lc;

	foreach(lc, exprs)
	{
		if (lc != list_head(exprs))
			appendStringInfoString(sql, ", ");
		mm_deparse(sql, lfirst(lc), table);
	}
}

static void
deparse_cast(StringInfo sql, Expr *what, Oid type, int32 typmod, const MMRemoteTable *table)
{
	appendStringInfoChar(sql, '(');
	mm_deparse(sql, what, table);
	appendStringInfoString(sql, "::");
	mm_deparse_type(sql, type, typmod);
	appendStringInfoChar(sql, ')');
}

static void
deparse_operator_name(StringInfo sql, Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	appendStringInfo(sql, "OPERATOR(%s.%s)",
					 quote_identifier(get_namespace_name(form->oprnamespace)),
					 NameStr(form->oprname));
	ReleaseSysCache(tuple);
}

static void
deparse_op(StringInfo sql, const OpExpr *op, const MMRemoteTable *table)
{
	appendStringInfoChar(sql, '(');
	if (list_length(op->args) == 2)
	{
		mm_deparse(sql, linitial(op->args), table);
		appendStringInfoChar(sql, ' ');
	}
	deparse_operator_name(sql, op->opno);
	appendStringInfoChar(sql, ' ');
	mm_deparse(sql, llast(op->args), table);
	appendStringInfoChar(sql, ')');
}

static void
deparse_func(StringInfo sql, const FuncExpr *func, const MMRemoteTable *table)
{
	if (func->funcformat == COERCE_IMPLICIT_CAST || func->funcformat == COERCE_EXPLICIT_CAST)
	{
		int32		typmod = -1;

		(void) exprIsLengthCoercion((const Node *) func, &typmod);
		deparse_cast(sql, linitial(func->args), func->funcresulttype, typmod, table);
		return;
	}
	appendStringInfo(sql, "%s.%s(",
					 quote_identifier(get_namespace_name(get_func_namespace(func->funcid))),
					 quote_identifier(get_func_name(func->funcid)));
	deparse_list(sql, func->args, table);
	appendStringInfoChar(sql, ')');
}

static void
deparse_scalar_array(StringInfo sql, const ScalarArrayOpExpr *op, const MMRemoteTable *table)
{
	appendStringInfoChar(sql, '(');
	mm_deparse(sql, linitial(op->args), table);
	appendStringInfoChar(sql, ' ');
	deparse_operator_name(sql, op->opno);
	appendStringInfoString(sql, op->useOr ? " ANY (" : " ALL (");
	mm_deparse(sql, lsecond(op->args), table);
	appendStringInfoString(sql, "))");
}

static void
deparse_bool(StringInfo sql, const BoolExpr *expr, const MMRemoteTable *table)
{
	ListCell   *lc;

	appendStringInfoChar(sql, '(');
	if (expr->boolop == NOT_EXPR)
		appendStringInfoString(sql, "NOT ");
	foreach(lc, expr->args)
	{
		if (lc != list_head(expr->args))
			appendStringInfoString(sql, expr->boolop == AND_EXPR ? " AND " : " OR ");
		mm_deparse(sql, lfirst(lc), table);
	}
	appendStringInfoChar(sql, ')');
}

static void
deparse_case(StringInfo sql, const CaseExpr *expr, const MMRemoteTable *table)
{
	ListCell   *lc;

	appendStringInfoString(sql, "(CASE");
	foreach(lc, expr->args)
	{
		const CaseWhen *when = lfirst_node(CaseWhen, lc);

		appendStringInfoString(sql, " WHEN ");
		mm_deparse(sql, when->expr, table);
		appendStringInfoString(sql, " THEN ");
		mm_deparse(sql, when->result, table);
	}
	if (expr->defresult != NULL)
	{
		appendStringInfoString(sql, " ELSE ");
		mm_deparse(sql, expr->defresult, table);
	}
	appendStringInfoString(sql, " END)");
}

/*
 * Expressions that are written "(argument IS ...)".
 */
static void
deparse_test(StringInfo sql, Expr *argument, const char *test, const MMRemoteTable *table)
{
	appendStringInfoChar(sql, '(');
	mm_deparse(sql, argument, table);
	appendStringInfo(sql, " IS %s)", test);
}

static const char *
boolean_test(BoolTestType type)
{
	switch (type)
	{
		case IS_TRUE:
			return "TRUE";
		case IS_NOT_TRUE:
			return "NOT TRUE";
		case IS_FALSE:
			return "FALSE";
		case IS_NOT_FALSE:
			return "NOT FALSE";
		case IS_UNKNOWN:
			return "UNKNOWN";
		default:
			return "NOT UNKNOWN";
	}
}

void
mm_deparse(StringInfo sql, Expr *expr, const MMRemoteTable *table)
{
	check_stack_depth();
	switch (nodeTag(expr))
	{
		case T_Var:
			mm_deparse_column(sql, table, ((Var *) expr)->varattno);
			break;
		case T_Const:
			deparse_const(sql, (Const *) expr);
			break;
		case T_Param:
			appendStringInfo(sql, "$%d::", ((Param *) expr)->paramid);
			mm_deparse_type(sql, ((Param *) expr)->paramtype, ((Param *) expr)->paramtypmod);
			break;
		case T_OpExpr:
			deparse_op(sql, (OpExpr *) expr, table);
			break;
		case T_DistinctExpr:
			appendStringInfoChar(sql, '(');
			mm_deparse(sql, linitial(((OpExpr *) expr)->args), table);
			appendStringInfoString(sql, " IS DISTINCT FROM ");
			mm_deparse(sql, lsecond(((OpExpr *) expr)->args), table);
			appendStringInfoChar(sql, ')');
			break;
		case T_NullIfExpr:
			appendStringInfoString(sql, "NULLIF(");
			deparse_list(sql, ((OpExpr *) expr)->args, table);
			appendStringInfoChar(sql, ')');
			break;
		case T_ScalarArrayOpExpr:
			deparse_scalar_array(sql, (ScalarArrayOpExpr *) expr, table);
			break;
		case T_FuncExpr:
			deparse_func(sql, (FuncExpr *) expr, table);
			break;
		case T_RelabelType:
			deparse_cast(sql, ((RelabelType *) expr)->arg, ((RelabelType *) expr)->resulttype,
						 ((RelabelType *) expr)->resulttypmod, table);
			break;
		case T_ArrayCoerceExpr:
			deparse_cast(sql, ((ArrayCoerceExpr *) expr)->arg,
						 ((ArrayCoerceExpr *) expr)->resulttype,
						 ((ArrayCoerceExpr *) expr)->resulttypmod, table);
			break;
		case T_ArrayExpr:
			appendStringInfoString(sql, "(ARRAY[");
			deparse_list(sql, ((ArrayExpr *) expr)->elements, table);
			appendStringInfoString(sql, "]::");
			mm_deparse_type(sql, ((ArrayExpr *) expr)->array_typeid, -1);
			appendStringInfoChar(sql, ')');
			break;
		case T_BoolExpr:
			deparse_bool(sql, (BoolExpr *) expr, table);
			break;
		case T_CaseExpr:
			deparse_case(sql, (CaseExpr *) expr, table);
			break;
		case T_CoalesceExpr:
			appendStringInfoString(sql, "COALESCE(");
			deparse_list(sql, ((CoalesceExpr *) expr)->args, table);
			appendStringInfoChar(sql, ')');
			break;
		case T_MinMaxExpr:
			appendStringInfoString(sql, ((MinMaxExpr *) expr)->op == IS_GREATEST ?
								   "GREATEST(" : "LEAST(");
			deparse_list(sql, ((MinMaxExpr *) expr)->args, table);
			appendStringInfoChar(sql, ')');
			break;
		case T_NullTest:
			deparse_test(sql, ((NullTest *) expr)->arg,
						 ((NullTest *) expr)->nulltesttype == IS_NULL ? "NULL" : "NOT NULL", table);
			break;
		case T_BooleanTest:
			deparse_test(sql, ((BooleanTest *) expr)->arg,
						 boolean_test(((BooleanTest *) expr)->booltesttype), table);
			break;
		default:
			elog(ERROR, "unexpected node in an expression for another server: %d",
				 (int) nodeTag(expr));
	}
}
