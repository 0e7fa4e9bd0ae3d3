/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  What functions that compose statements over a table have in common:
 *	  checks of arguments, the table's name and alias, parameters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "index/elsewhere.h"
#include "query/query.h"

void
mm_require_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", name)));
}

void
mm_check_width(Relation index, const MMColumns *columns, int ncomponents)
{
	if (columns->n == ncomponents)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("query has %d components, but index \"%s\" has %d columns",
					ncomponents, RelationGetRelationName(index), columns->n),
			 errdetail("The columns are %s.", mm_columns_list(columns)),
			 columns->composite != NULL && columns->n < columns->ncomponents ?
			 errhint("Attributes added to the type since the index was made become columns by REINDEX.") : 0));
}

/*
 * A table alias that is not also the name of one of the table's columns, so
 * that it means the whole row.
 */
static const char *
choose_alias(Relation table)
{
	char	   *alias = "t";

	for (int i = 1; get_attnum(RelationGetRelid(table), alias) != InvalidAttrNumber; i++)
		alias = psprintf("t%d", i);
	return alias;
}

/*
 * mm_not_null_holds: see query.h.
 */
bool
mm_not_null_holds(Oid table)
{
	return get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE || !has_subclass(table);
}

bool
mm_has_storage(Oid table)
{
	BlockNumber pages = 0;
	ListCell   *lc;

	/* It may still have the rows that it had before, which nobody sees. */
	if (mm_is_distributed(table))
		return false;
	foreach(lc, find_all_inheritors(table, AccessShareLock, NULL))
	{
		char		kind = get_rel_relkind(lfirst_oid(lc));
		Relation	relation;

		if (kind == RELKIND_FOREIGN_TABLE)
			return false;
		if (kind != RELKIND_RELATION && kind != RELKIND_MATVIEW)
			continue;
		relation = relation_open(lfirst_oid(lc), NoLock);
		pages += RelationGetNumberOfBlocks(relation);
		relation_close(relation, NoLock);
	}
	return pages > 0;
}

void
mm_sql_style(MMSqlStyle *style, Relation index, const MMColumns *columns, Relation table)
{
	*style = (MMSqlStyle) {
		.index = index,
		.columns = columns,
		.alias = choose_alias(table),
		.not_null = index != NULL && index->rd_index->indrelid == RelationGetRelid(table) &&
			mm_not_null_holds(RelationGetRelid(table)),
		.parameters = true,
		.normalized = true,
		.missing = MISSING_PENALTY,
	};
}

char *
mm_sql_table(Relation table)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
									  RelationGetRelationName(table));
}

static void
filter_error_context(void *arg)
{
	const char *filter = arg;
	int			position = geterrposition();

	/* The position is one in the filter, not in the user's statement. */
	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(filter);
	}
	errcontext("filter of the search");
}

static bool
parameter_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, ParamRef) || raw_expression_tree_walker(node, parameter_walker, context);
}

/*
 * The expression that a statement consists of, which was parsed as PL/pgSQL
 * parses expressions; NULL if there is more to it.
 */
static Node *
only_expression(List *statements)
{
	SelectStmt *stmt = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	ResTarget  *target;

	if (list_length(statements) != 1 || !IsA(stmt, SelectStmt) || list_length(stmt->targetList) != 1)
		return NULL;
	if (stmt->op != SETOP_NONE || stmt->distinctClause != NIL || stmt->intoClause != NULL ||
		stmt->fromClause != NIL || stmt->whereClause != NULL || stmt->groupClause != NIL ||
		stmt->havingClause != NULL || stmt->windowClause != NIL || stmt->valuesLists != NIL ||
		stmt->sortClause != NIL || stmt->limitOffset != NULL || stmt->limitCount != NULL ||
		stmt->lockingClause != NIL || stmt->withClause != NULL)
		return NULL;
	target = linitial_node(ResTarget, stmt->targetList);
	return target->name == NULL && target->indirection == NIL ? target->val : NULL;
}

char *
mm_sql_filter(const char *filter)
{
	ErrorContextCallback callback = {
		.callback = filter_error_context,
		.arg = (void *) filter,
		.previous = error_context_stack,
	};
	Node	   *expression;

	error_context_stack = &callback;
	expression = only_expression(raw_parser(filter, RAW_PARSE_PLPGSQL_EXPR));
	if (expression == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a filter must be one expression"),
				 errhint("It is what stands behind WHERE.")));
	if (parameter_walker(expression, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("a filter has no parameters"),
				 errhint("Write values as literals, as format() does with %%L, or write the search in SQL: mm_distance_sql() has the distance.")));
	error_context_stack = callback.previous;
	/* It may end in a comment. */
	return psprintf("(%s\n)", filter);
}

ParamListInfo
mm_sql_parameters(const MMColumns *columns, const MMTerms *terms, double radius, Oid *types)
{
	int			n = terms->n;
	ParamListInfo params = makeParamList(MM_PARAMETERS(n));
	double		total = 0.0;

	for (int i = 0; i < MM_PARAMETERS(n); i++)
	{
		params->params[i].isnull = false;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = FLOAT8OID;
	}
	for (int i = 0; i < n; i++)
	{
		const MMTerm *term = &terms->terms[i];

		params->params[i].value = term->value;
		params->params[i].ptype = columns->columns[term->column].type;
		params->params[MM_WEIGHT_PARAMETER(n, i) - 1].value = Float8GetDatum(term->weight);
		params->params[MM_SCALE_PARAMETER(n, i) - 1].value = Float8GetDatum(term->scale);
		total += term->weight;
	}
	params->params[MM_TOTAL_PARAMETER(n) - 1].value = Float8GetDatum(total);
	params->params[MM_RADIUS_PARAMETER(n) - 1].value = Float8GetDatum(radius);
	for (int i = 0; i < MM_PARAMETERS(n); i++)
		types[i] = params->params[i].ptype;
	return params;
}
