/** The exit code that shells give to a process that SIGINT ended. Handles may still be open, so the caller ends the process with it. */
export const STOPPED = 130
