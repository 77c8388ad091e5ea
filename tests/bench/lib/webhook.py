"""One webhook as a process: the same command line for either side."""

from daemon import Daemon, free_port


class Webhook(Daemon):
    def __init__(self, program, certs, kubeconfig, log, core=None):
        self.port, metrics_port = free_port(), free_port()
        super().__init__([
            program,
            f"--tls-cert-file={certs}/tls.crt",
            f"--tls-key-file={certs}/tls.key",
            f"--listen=127.0.0.1:{self.port}",
            f"--metrics-listen=127.0.0.1:{metrics_port}",
            "--keptn-namespace=keptn-system",
            f"--kubeconfig={kubeconfig}",
        ], metrics_port, log, core)

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"
