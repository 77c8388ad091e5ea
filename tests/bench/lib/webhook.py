"""One webhook as a process: the same command line for either side."""

from daemon import Daemon, free_port


class Webhook(Daemon):
    """`group`: a MemoryGroup to run in."""

    def __init__(self, program, certs, kubeconfig, log, core=None, group=None):
        self.port, metrics_port = free_port(), free_port()
        command = [
            program,
            f"--tls-cert-file={certs}/tls.crt",
            f"--tls-key-file={certs}/tls.key",
            f"--listen=127.0.0.1:{self.port}",
            f"--metrics-listen=127.0.0.1:{metrics_port}",
            "--keptn-namespace=keptn-system",
            f"--kubeconfig={kubeconfig}",
        ]
        super().__init__(group.inside(command) if group else command, metrics_port, log, core)

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"
