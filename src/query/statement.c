/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  What functions that compose statements over a table have in common:
 *	  checks of arguments, the table's name and alias, parameters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

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

void
mm_sql_style(MMSqlStyle *style, Relation index, const MMColumns *columns, Relation table)
{
	*style = (MMSqlStyle) {
		.index = index,
		.columns = columns,
		.alias = choose_alias(table),
		.not_null = index->rd_index->indrelid == RelationGetRelid(table) &&
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
