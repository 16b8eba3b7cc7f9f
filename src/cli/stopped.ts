/** The exit code that shells give to a process that SIGINT ended. Handles may be open still: the process is to be ended with it. */
export const STOPPED = 130
