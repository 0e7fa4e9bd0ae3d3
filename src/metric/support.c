/*-------------------------------------------------------------------------
 *
 * support.c
 *	  What the planner asks about distances: what they cost, and which operator
 *	  a function stands for.
 *
 * An index is matched with operators.  So where the function of one is called
 * by its name, the planner puts the operator in its place, and it puts the
 * operator that a class has first in the place of any other name of it.
 *
 * A distance of long vectors costs a hundred times as much as a comparison of
 * numbers, and several hundred times as much if the vectors are stored out of
 * line.  So the price depends on the size of the values.  The size of a vector
 * comes from what its type says, that of a column from its mean width, and
 * that of a literal from the literal itself.
 *
 * The factors were measured, as multiples of a comparison of two integers in a
 * sequential scan, which takes 10 ns on the machine they come from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/heaptoast.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "metric/metric.h"
#include "mmdb.h"
#include "type/mmvector.h"

PG_FUNCTION_INFO_V1(mm_distance_support);
PG_FUNCTION_INFO_V1(mm_operator_support);

/* Calling a function that does more than simple arithmetic. */
#define CALL			3.0

/* What each component or byte adds. */
#define VECTOR_COMPONENT	0.15
#define TEXT_BYTE			0.25	/* for each 64 of the other text */
#define ARRAY_BYTE			0.125
#define BIT_BYTE			0.02

/*
 * Reading a value that is stored out of line: finding it, and each page of it.
 */
#define OUT_OF_LINE		150.0
#define OUT_OF_LINE_BYTE	(75.0 / TOAST_MAX_CHUNK_SIZE)

double		mm_distance_cost_factor = 1.0;

/* A vector is taken to have this many components if nothing is known of it. */
#define USUAL_DIMENSIONS	100

/*
 * The size of an operand's values in bytes; 0 if that is not known.  *stored
 * becomes true if they come from a table.
 */
static int32
operand_size(PlannerInfo *root, Node *operand, bool vector, bool *stored)
{
	Var		   *var;

	*stored = false;
	while (IsA(operand, RelabelType))
		operand = (Node *) ((RelabelType *) operand)->arg;
	if (IsA(operand, Const) && !((Const *) operand)->constisnull)
		return (int32) (toast_raw_datum_size(((Const *) operand)->constvalue) - VARHDRSZ);
	var = (Var *) operand;
	if (!IsA(var, Var))
		return 0;
	*stored = true;
	if (vector && var->vartype != FLOAT4ARRAYOID && var->vartype != FLOAT8ARRAYOID && var->vartypmod > 0)
		return (int32) MMVECTOR_SIZE(var->vartypmod);
	if (root != NULL && var->varlevelsup == 0 && var->varattno > 0 &&
		var->varno < root->simple_rel_array_size &&
		root->simple_rte_array[var->varno]->rtekind == RTE_RELATION)
	{
		int32		width = get_attavgwidth(root->simple_rte_array[var->varno]->relid,
											var->varattno);

		/*
		 * For values stored out of line, only the pointer was measured, and no
		 * vector is of that size.
		 */
		return vector && width == TOAST_POINTER_SIZE ? (int32) TOAST_TUPLE_TARGET + 1 : width;
	}
	return 0;
}

/*
 * The price of a distance between values of a type, in operator calls.
 */
static double
distance_price(PlannerInfo *root, Oid type, Node *left, Node *right)
{
	bool		vector = type != TEXTOID && type != BPCHAROID && type != BITOID && type != VARBITOID &&
		type != TEXTARRAYOID && type != VARCHARARRAYOID && type != UUIDARRAYOID &&
		type != INT4ARRAYOID && type != INT8ARRAYOID;
	bool		left_stored;
	bool		right_stored;
	int32		left_size = operand_size(root, left, vector, &left_stored);
	int32		right_size = operand_size(root, right, vector, &right_stored);
	double		size = Max(left_size, right_size);
	double		price = CALL;

	if (vector)
	{
		/* Both vectors have the same number of components. */
		if (size <= 0)
			size = MMVECTOR_SIZE(USUAL_DIMENSIONS);
		left_size = right_size = (int32) size;
		price += size / sizeof(float4) * VECTOR_COMPONENT;
	}
	else if (type == TEXTOID || type == BPCHAROID)
	{
		double		other = left_size > 0 && right_size > 0 ? Min(left_size, right_size) : size;

		price += size * TEXT_BYTE * (floor((other - 1) / 64) + 1);
	}
	else if (type == BITOID || type == VARBITOID)
		price += size * BIT_BYTE;
	else
		price += size * ARRAY_BYTE;

	if (left_stored && left_size > (int32) TOAST_TUPLE_TARGET)
		price += OUT_OF_LINE + left_size * OUT_OF_LINE_BYTE;
	if (right_stored && right_size > (int32) TOAST_TUPLE_TARGET)
		price += OUT_OF_LINE + right_size * OUT_OF_LINE_BYTE;
	return price * mm_distance_cost_factor;
}

/*
 * The first operator with this function in a class of the access method; or
 * InvalidOid.
 */
static Oid
operator_of_function(Oid function)
{
	Oid			am = get_index_am_oid(MM_AM_NAME, true);
	Oid			result = InvalidOid;
	Oid		   *types;
	int			ntypes;
	CatCList   *classes;

	(void) get_func_signature(function, &types, &ntypes);
	if (!OidIsValid(am) || ntypes != 2)
		return InvalidOid;
	classes = SearchSysCacheList1(CLAAMNAMENSP, ObjectIdGetDatum(am));
	for (int i = 0; i < classes->n_members && !OidIsValid(result); i++)
	{
		Form_pg_opclass class = (Form_pg_opclass) GETSTRUCT(&classes->members[i]->tuple);

		for (int strategy = MM_DISTANCE_STRATEGY; strategy <= MM_WITHIN_STRATEGY; strategy++)
		{
			Oid			operator = class->opcintype != types[0] ? InvalidOid :
				get_opfamily_member(class->opcfamily, types[0], types[1], strategy);

			if (OidIsValid(operator) && get_opcode(operator) == function)
				result = operator;
		}
	}
	ReleaseSysCacheList(classes);
	return result;
}

/*
 * The operator call that a call of a function stands for; NULL if there is none.
 */
static Node *
as_operator(const FuncExpr *call)
{
	Oid			operator = operator_of_function(call->funcid);
	OpExpr	   *result;

	if (!OidIsValid(operator) || list_length(call->args) != 2)
		return NULL;
	result = makeNode(OpExpr);
	result->opno = operator;
	result->opfuncid = call->funcid;
	result->opresulttype = call->funcresulttype;
	result->opcollid = call->funccollid;
	result->inputcollid = call->inputcollid;
	result->args = call->args;
	result->location = call->location;
	return (Node *) result;
}

/*
 * mm_operator_support: answers SupportRequestSimplify for functions of operators.
 */
Datum
mm_operator_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	PG_RETURN_POINTER(as_operator(((SupportRequestSimplify *) request)->fcall));
}

/*
 * mm_distance_support: the same, and SupportRequestCost, for distances whose
 * operands vary in size.
 */
Datum
mm_distance_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestCost *cost = (SupportRequestCost *) request;
	List	   *args = NIL;

	if (IsA(request, SupportRequestSimplify))
		return mm_operator_support(fcinfo);
	if (!IsA(request, SupportRequestCost))
		PG_RETURN_POINTER(NULL);
	if (cost->node != NULL && IsA(cost->node, OpExpr))
		args = ((OpExpr *) cost->node)->args;
	else if (cost->node != NULL && IsA(cost->node, FuncExpr))
		args = ((FuncExpr *) cost->node)->args;
	if (list_length(args) != 2)
		PG_RETURN_POINTER(NULL);
	cost->startup = 0.0;
	cost->per_tuple = cpu_operator_cost *
		distance_price(cost->root, exprType(linitial(args)), linitial(args), lsecond(args));
	PG_RETURN_POINTER(cost);
}
