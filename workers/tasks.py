"""Five-line tasks: take ids, call one function; safe to deliver twice."""
