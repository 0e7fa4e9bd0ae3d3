/*-------------------------------------------------------------------------
 *
 * fit.c
 *	  Calls the module mmdb_learn, which is loaded when it is first used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "learn/learner.h"

/* The size of OpenBLAS itself and of the Fortran library. */
#define LIBRARIES		((Size) 64 << 20)

StaticAssertDecl(MM_MAX_COLUMNS <= MM_FIT_MAX_COLUMNS, "mm_fit takes fewer columns than an index");

double
mm_fit_weights(const MMFitProblem *problem, int steps, double *w)
{
	static MMFitFunction fit = NULL;

	if (fit == NULL)
	{
		/*
		 * A build of OpenBLAS that has threads would start them when it is
		 * loaded, and a backend must not have threads.  With one thread, it
		 * takes a buffer for that one only.
		 */
		setenv("OPENBLAS_NUM_THREADS", "1", 1);
		setenv("OMP_NUM_THREADS", "1", 1);
		mm_fit_require_memory(LIBRARIES + MM_FIT_BUFFER);
		fit = (MMFitFunction) load_external_function(MM_FIT_LIBRARY, MM_FIT_FUNCTION, true, NULL);
	}
	return fit(problem, steps, w);
}

bool
mm_normalize_weights(const double *w, int n, double *weights)
{
	double		most = 0.0;
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		most = Max(most, w[i]);
	if (most == 0)
		return false;
	/* Their sum may be infinite. */
	for (int i = 0; i < n; i++)
		sum += w[i] / most;
	for (int i = 0; i < n; i++)
		weights[i] = w[i] / most / sum;
	return true;
}
